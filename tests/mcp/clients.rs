//! The official clients of the protocol, as their users have them, against the real service.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::world::mail::plain;
use crate::world::process::binary;
use crate::world::{Engine, World, fixture};

/// Brings the packages that the programs use, unless they are there. Without npm or Python the test fails.
fn installed() {
    let out = Command::new(fixture("tests/clients/mcp/install")).stdin(Stdio::null()).output();
    let out = out.expect("bash runs tests/clients/mcp/install");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// Runs a program of tests/clients/mcp with a key of an inbox to which a code was sent over SMTP.
async fn run(program: &str, arguments: &[&str]) -> Output {
    tokio::task::spawn_blocking(installed).await.expect("installed");
    let world = World::on(Engine::Sqlite, &[]).await;
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    world.deliver_raw(&plain("Your code", "Your sign-in code is 481516."), &[&inbox.address]).await;
    let url = format!("http://{}/mcp", world.http);
    let header = format!("Authorization: Bearer {}", inbox.token);
    let folder = fixture("tests/clients/mcp");
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = Command::new(folder.join(program));
    command.current_dir(&folder).env_clear().env("HOME", home.path()).stdin(Stdio::null());
    command.env("PATH", format!("{}:/usr/bin:/bin", folder.join("node").display()));
    command.env("MAILWARD_URL", &url).env("MAILWARD_KEY", &inbox.token).env("MAILWARD_BINARY", binary());
    for argument in arguments {
        command.arg(argument.replace("URL", &url).replace("HEADER", &header));
    }
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let out = ran.expect("the program starts");
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{program}: {said}");
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_with_the_client_of_npm_prints_the_code_that_came() {
    let out = run("node/node", &["agent.mjs"]).await;
    assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), "481516");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_with_the_client_of_pypi_prints_the_code_that_came() {
    let out = run(".venv/bin/python", &["agent.py"]).await;
    assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), "481516");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_of_npm_speaks_with_the_program_on_its_standard_input() {
    let out = run("node/node", &["agent.mjs", "stdio"]).await;
    assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), "481516");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inspector_finds_no_fault_in_the_tools_and_calls_one() {
    let inspector = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";
    let common = [inspector, "--cli", "URL", "--transport", "http", "--header", "HEADER"];
    let listing = [&common[..], &["--method", "tools/list", "--strict"]].concat();
    let listed: Value = serde_json::from_slice(&run("node/node", &listing).await.stdout).expect("JSON");
    assert!(listed["tools"].as_array().is_some_and(|tools| tools.len() > 5), "{listed}");
    let calling = [&common[..], &["--method", "tools/call", "--tool-name", "check_inbox"]].concat();
    let called: Value = serde_json::from_slice(&run("node/node", &calling).await.stdout).expect("JSON");
    assert_eq!(called["structuredContent"]["untrusted"], serde_json::json!(true), "{called}");
}
