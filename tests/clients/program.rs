//! A program of `tests/clients`, run against a [`World`] until it ends.

use std::process::{Command, Stdio};

use crate::world::{World, fixture};

/// A program and its arguments.
pub struct Program {
    command: Command,
    home: tempfile::TempDir,
}

/// Brings the packages that the programs use, unless they are there. Without Node or Python the test fails.
pub fn installed() {
    let out = Command::new(fixture("tests/clients/install")).stdin(Stdio::null()).output();
    let out = out.expect("bash runs tests/clients/install");
    assert!(
        out.status.success(),
        "tests/clients/install failed; scripts/test says what it needs\n{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
}

impl Program {
    /// A file of `tests/clients` in Node.
    pub fn node(file: &str) -> Self {
        Self::new("node", "tests/clients", file)
    }

    /// A file of `sdk/typescript` in Node.
    pub fn typescript(file: &str) -> Self {
        Self::new("node", "sdk/typescript", file)
    }

    /// A file of `sdk/python` in Python, which needs nothing but itself.
    pub fn python(file: &str) -> Self {
        let mut program = Self::new("python3", "sdk/python", file);
        let paths = ["sdk/python/src", "tests/clients"].map(fixture);
        program.command.env("PYTHONPATH", std::env::join_paths(paths).expect("no colon is in them"));
        program.command.env("PYTHONDONTWRITEBYTECODE", "1");
        program
    }

    /// A file of a folder of the repository in a program.
    fn new(program: &str, folder: &str, file: &str) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(program);
        command.current_dir(fixture(folder)).arg(file);
        // Nothing of whoever runs the tests: no token of theirs, no home, no proxy.
        command.env_clear().env("HOME", home.path());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        Self { command, home }
    }

    /// Runs it to its end; what it says is shown when it fails, and given back when not.
    pub async fn against(self, world: &World) -> String {
        let Self { mut command, home } = self;
        command
            .env("MAILWARD_TEST_URL", format!("http://{}", world.http))
            .env("MAILWARD_TEST_SMTP", world.smtp.to_string())
            .env("MAILWARD_TEST_OPERATOR_URL", format!("http://{}", world.operator))
            .env("MAILWARD_TEST_OPERATOR_TOKEN", &world.operator_token)
            .stdin(Stdio::null());
        let ran = tokio::task::spawn_blocking(move || command.output());
        let out = ran.await.expect("no panic").expect("the program starts");
        drop(home);
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{said}{}", String::from_utf8_lossy(&out.stderr));
        said
    }
}
