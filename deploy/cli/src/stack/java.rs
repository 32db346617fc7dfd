//! The Java that runs Kafka and the registry.

use std::{env, io, path::PathBuf};

use tokio::process::Command;

use crate::failure::{Failure, Result};

/// Kafka and the registry need this version.
const OLDEST: u32 = 17;

/// A Java that is new enough.
#[derive(Clone, Debug)]
pub struct Java {
    program: PathBuf,
}

impl Java {
    /// The one of `JAVA_HOME`, else the one on the path.
    pub async fn find() -> Result<Self> {
        let home = env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
        let program =
            home.map_or_else(|| "java".into(), |home| PathBuf::from(home).join("bin/java"));
        let output = Command::new(&program).arg("-version").output().await;
        let missing = || {
            Failure::setup(format!(
                "there is no Java: {} does not run; install Java {OLDEST} or newer, or set JAVA_HOME",
                program.display()
            ))
        };
        let output = match output {
            Ok(output) if output.status.success() => output,
            Ok(_) => return Err(missing()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
            Err(error) => {
                return Err(Failure::setup(format!("cannot run {}: {error}", program.display())));
            }
        };
        let said = String::from_utf8_lossy(&output.stderr);
        match major(&said) {
            Some(version) if version < OLDEST => Err(Failure::setup(format!(
                "Java is too old: {} is version {version}, Kafka and the registry need {OLDEST} or \
                 newer; install one or set JAVA_HOME",
                program.display()
            ))),
            // An unusual vendor may word it in another way: then Kafka itself will tell.
            _ => Ok(Self { program }),
        }
    }

    /// What to run.
    pub fn program(&self) -> PathBuf {
        self.program.clone()
    }
}

/// The major version in what `java -version` says, such as 17 in `openjdk version "17.0.15"` and 8
/// in `java version "1.8.0_402"`.
fn major(said: &str) -> Option<u32> {
    let version = said.split('"').nth(1)?;
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    match numbers.next()?.parse().ok()? {
        1 => numbers.next()?.parse().ok(),
        number => Some(number),
    }
}

/// What a Java process inherits of our environment: no setting of ours may reach it by accident.
pub fn environment() -> Vec<(String, String)> {
    ["PATH", "HOME", "JAVA_HOME", "JAVA_TOOL_OPTIONS", "TMPDIR", "LANG", "LC_ALL"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), env::var(name).ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_old_and_new() {
        assert_eq!(major("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK …"), Some(17));
        assert_eq!(major("java version \"1.8.0_402\""), Some(8));
        assert_eq!(major("openjdk version \"26-ea\" 2026-03-17"), Some(26));
        assert_eq!(major("gij (GNU libgcj)"), None);
    }
}
