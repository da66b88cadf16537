//! Which parts of the service a process runs: all of them, or those that `--only` names.

use std::fmt;
use std::str::FromStr;

/// The parts of one process. At least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Takes mail over SMTP.
    pub smtp: bool,
    /// Serves the API, and the operator's.
    pub web: bool,
    /// Delivers webhooks and sweeps what time has made void.
    pub dispatch: bool,
}

impl Roles {
    /// The whole service.
    pub const ALL: Self = Self { smtp: true, web: true, dispatch: true };

    const NONE: Self = Self { smtp: false, web: false, dispatch: false };

    /// Whether other processes must run what this one does not.
    #[must_use]
    pub fn is_part(self) -> bool {
        self != Self::ALL
    }
}

impl Default for Roles {
    fn default() -> Self {
        Self::ALL
    }
}

/// A list such as `smtp,web`.
impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut roles = Self::NONE;
        for name in text.split(',') {
            match name.trim() {
                "smtp" => roles.smtp = true,
                "web" => roles.web = true,
                "dispatch" => roles.dispatch = true,
                other => {
                    return Err(format!("there is no role `{other}`; the roles are smtp, web and dispatch"));
                }
            }
        }
        Ok(roles)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(self.smtp, "smtp"), (self.web, "web"), (self.dispatch, "dispatch")];
        let named: Vec<&str> = names.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        f.write_str(&named.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_the_parts_and_reads_back() {
        for text in ["smtp", "web", "dispatch", "smtp,dispatch", "smtp,web,dispatch"] {
            assert_eq!(text.parse::<Roles>().map(|roles| roles.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("web, smtp ,smtp".parse(), Ok(Roles { smtp: true, web: true, dispatch: false }));
        assert!(!Roles::default().is_part() && "smtp,web".parse::<Roles>().is_ok_and(Roles::is_part));
    }

    #[test]
    fn an_unknown_or_missing_name_is_told() {
        for text in ["", "smtp,", "imap", "SMTP"] {
            let said = text.parse::<Roles>().expect_err(text);
            assert!(said.contains("smtp, web and dispatch"), "{said}");
        }
    }
}
