//! Node.js, with the packages and programs of `tests/lazyapps`, clients that share no code with us,
//! and of `tests/browser`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use testkit::{Installation, installation::binary};
use tokio::{process::Command, sync::OnceCell};

/// The folder with the programs and the packages that they need, made once per target folder.
pub async fn folder() -> &'static Path {
    static FOLDER: OnceCell<PathBuf> = OnceCell::const_new();
    FOLDER.get_or_init(|| make("lazyapps")).await
}

/// The same, of the tests in a browser.
async fn browser_folder() -> &'static Path {
    static FOLDER: OnceCell<PathBuf> = OnceCell::const_new();
    FOLDER.get_or_init(|| make("browser")).await
}

async fn make(name: &str) -> PathBuf {
    let sources: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", name].iter().collect();
    let home = binary("oneway").ancestors().nth(2).unwrap().join(format!("{name}-client"));
    copy(&sources, &home);
    copy(&sources.join("lib"), &home.join("lib"));
    let wanted = fs::read_to_string(sources.join("package-lock.json")).unwrap();
    let stamp = home.join("installed");
    if !fs::read_to_string(&stamp).is_ok_and(|has| has == wanted) {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&home);
        let output = npm.output().await.expect("npm, of Node.js 20 or newer");
        assert!(output.status.success(), "{output:?}");
        fs::write(stamp, wanted).unwrap();
    }
    home
}

/// The files of a folder, without those below it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Runs files of tests against an installation; they find it by its state folder.
pub async fn test(installation: &Installation, files: &[&str], env: &[(&str, &str)]) {
    run(folder().await, installation, files, env).await;
}

/// Runs the tests of what is deployed elsewhere, in their own folder: they read the repository.
pub async fn test_deployment() {
    let mut command = Command::new("npm");
    command.arg("test").current_dir(deployment_folder().await);
    succeed(command.env("ONEWAY_TOOL", binary("oneway"))).await;
}

/// Runs those of them that look at an installation.
pub async fn test_deployed(installation: &Installation, files: &[&str]) {
    run(deployment_folder().await, installation, files, &[]).await;
}

async fn deployment_folder() -> &'static Path {
    static FOLDER: OnceCell<PathBuf> = OnceCell::const_new();
    let install = async || {
        let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "deploy"].iter().collect();
        let mut npm = Command::new("npm");
        succeed(npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder)).await;
        folder
    };
    FOLDER.get_or_init(install).await
}

async fn succeed(command: &mut Command) {
    let output = command.output().await.unwrap();
    let text = [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
    assert!(output.status.success(), "{command:?}: {}\n{}", text[0], text[1]);
}

/// Runs files of tests in a browser. What pages look like is kept in the target folder.
pub async fn test_in_browser(installation: &Installation, files: &[&str]) {
    let shots = binary("oneway").ancestors().nth(2).unwrap().join("screenshots");
    let env = [("ONEWAY_SCREENSHOTS", shots.to_str().unwrap())];
    run(browser_folder().await, installation, files, &env).await;
}

async fn run(folder: &Path, installation: &Installation, files: &[&str], env: &[(&str, &str)]) {
    let mut node = Command::new("node");
    node.args(["--test", "--test-concurrency=1", "--test-reporter=spec", "--test-timeout=400000"])
        .args(files)
        .current_dir(folder)
        .env("ONEWAY_STATE", installation.state())
        .env("ONEWAY_TOOL", binary("oneway"))
        .env_remove("KAFKA_BROKERS")
        .env_remove("SCHEMA_REGISTRY_URL")
        .env_remove("DATABASE_URL")
        .envs(env.iter().copied())
        .kill_on_drop(true);
    let output = node.output().await.expect("node, of Node.js 20 or newer");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // Node counts a file without tests as one that has passed.
    for (line, is_good) in
        [("pass", (|count| count > 0) as fn(u32) -> bool), ("skipped", |count| count == 0)]
    {
        let count = said.lines().find_map(|said| said.strip_prefix("ℹ ")?.strip_prefix(line));
        let count = count.and_then(|count| count.trim().parse().ok());
        assert!(count.is_some_and(is_good), "{line}: {count:?} in {said}");
    }
}
