//! A program of `tests/clients`, run against a [`World`] until it ends.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::world::{World, fixture};

/// A program and its arguments.
pub struct Program {
    command: Command,
    home: tempfile::TempDir,
}

/// A program that runs. Killed when it is dropped.
pub struct Started {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    _home: tempfile::TempDir,
}

impl Started {
    /// The next line that it prints.
    pub fn line(&mut self) -> String {
        self.said.next().expect("another line").expect("text")
    }

    /// Waits for its end, which is a good one.
    pub fn end(mut self) {
        assert!(self.child.wait().expect("it ended").success());
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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

    /// schemathesis, with what it needs to get past the door.
    pub fn contract() -> Self {
        let mut program = Self::new("bash", "tests/clients/contract", "run");
        program.command.env("PYTHONDONTWRITEBYTECODE", "1");
        let wanted = std::env::vars_os()
            .filter(|(name, _)| name == "MAILWARD_TEST_EXAMPLES" || name == "MAILWARD_TEST_SEED");
        program.command.envs(wanted);
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

    /// Starts it as its users would, with nothing set but where the service is.
    pub fn start(self, world: &World) -> Started {
        let Self { mut command, home } = self;
        command
            .env("MAILWARD_URL", format!("http://{}", world.http))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Started { child, said, _home: home }
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
