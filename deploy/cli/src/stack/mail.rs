//! The mail catcher: `GreenMail` takes every mail and delivers none, so that those of campaigns can be
//! read on this machine. It keeps them in memory.

use crate::stack::{
    distribution::Distribution,
    folder::StateFolder,
    java::{self, Java},
    ledger::Kind,
    secure::{Secure, certificates::KEYSTORE_PASSWORD},
    spec::Spec,
};

/// Its name in the stack.
pub const NAME: &str = "mail";

/// The service that sends mails, and the variable that says where to.
pub const SENDER: &str = "email-campaign";
pub const VARIABLE: &str = "EMAIL_CAMPAIGN_SMTP_URL";

/// The variable that says whom it trusts to be that server.
pub const AUTHORITY: &str = "EMAIL_CAMPAIGN_SMTP_CA_FILE";

/// What the catcher needs to run.
#[derive(Debug)]
pub struct Mail<'a> {
    pub java: &'a Java,
    pub distribution: &'a Distribution,
    pub folder: &'a StateFolder,
    pub smtp_port: u16,
    pub api_port: u16,
    pub secure: Option<&'a Secure>,
}

impl Mail<'_> {
    /// Tells how to run it.
    pub fn prepare(&self) -> Spec {
        let property = |name: &str, value: &str| format!("-Dgreenmail.{name}={value}");
        let api = self.api_port.to_string();
        let mut spec = Spec {
            name: NAME.into(),
            kind: Kind::Mail,
            program: self.java.program(),
            args: vec![
                "-Xms32m".into(),
                "-Xmx192m".into(),
                "-XX:+UseSerialGC".into(),
                "-XX:TieredStopAtLevel=1".into(),
                "-XX:+ExitOnOutOfMemoryError".into(),
                property("api.hostname", "127.0.0.1"),
                property("api.port", &api),
                // Whoever is written to has a mailbox.
                property("auth.disabled", "true"),
            ],
            env: java::environment(),
            clear_env: true,
            folder: self.folder.logs(),
            run_as: None,
            log: self.folder.log(NAME),
        };
        let (protocol, port) = (protocol(self.secure), self.smtp_port.to_string());
        spec.args.push(property(&format!("{protocol}.hostname"), "127.0.0.1"));
        spec.args.push(property(&format!("{protocol}.port"), &port));
        if let Some(secure) = self.secure {
            let keystore = secure.java_keystore(NAME).display().to_string();
            spec.args.push(property("tls.keystore.file", &keystore));
            spec.args.push(property("tls.keystore.password", KEYSTORE_PASSWORD));
        }
        spec.args.extend([
            "-cp".into(),
            self.distribution.mail_classpath().display().to_string(),
            "com.icegreen.greenmail.standalone.GreenMailStandaloneRunner".into(),
        ]);
        spec
    }
}

const fn protocol(secure: Option<&Secure>) -> &'static str {
    if secure.is_some() { "smtps" } else { "smtp" }
}

/// Where mails are handed over.
pub fn smtp_url(port: u16) -> String {
    format!("smtp://127.0.0.1:{port}")
}

/// The same where nothing is said in the clear.
pub fn secure_smtp_url(port: u16) -> String {
    format!("smtps://127.0.0.1:{port}")
}

/// What answers once it works; the mails of an address are at `/api/user/<address>/messages/INBOX`.
pub fn api_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
