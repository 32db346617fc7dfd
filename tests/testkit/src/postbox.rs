//! A mail server that refuses, breaks off and forgets to answer, as told: and the judge of what
//! really arrived.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What goes wrong, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Refused for now.
    pub later: u32,
    /// Of recipients: refused for good.
    pub never: u32,
    /// The connection breaks before the mail was taken.
    pub lost: u32,
    /// The mail was taken, and the connection breaks before the answer.
    pub unanswered: u32,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whom the envelope names.
    pub to: String,
    /// Everything after `DATA`.
    pub text: String,
}

impl Mail {
    /// A header, unfolded.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let unfolded = self.text.replace("\r\n ", " ").replace("\r\n\t", " ");
        let head = unfolded.split("\r\n\r\n").next().unwrap_or_default().to_owned();
        let start = format!("{}:", name.to_lowercase());
        head.lines()
            .find(|line| line.to_lowercase().starts_with(&start))
            .map(|line| line[start.len()..].trim().to_owned())
    }
}

/// The server.
#[derive(Clone, Debug)]
pub struct Postbox {
    /// Where it is, as `smtp://…`.
    pub url: String,
    mails: Arc<Mutex<Vec<Mail>>>,
    faults: Arc<Mutex<(Faults, SmallRng)>>,
    is_silent: Arc<AtomicBool>,
}

impl Postbox {
    /// Begins to serve; ends with the test's runtime.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let faults = Arc::new(Mutex::new((Faults::default(), SmallRng::seed_from_u64(0))));
        let postbox = Self { url, mails: Arc::default(), faults, is_silent: Arc::default() };
        let serving = postbox.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let serving = serving.clone();
                // Whoever hangs up, or is killed, ends only its own conversation.
                tokio::spawn(async move { serving.talk(stream).await.ok() });
            }
        });
        postbox
    }

    /// From now on, so much goes wrong.
    pub fn go_wrong(&self, faults: Faults, seed: u64) {
        *self.faults.lock().unwrap() = (faults, SmallRng::seed_from_u64(seed));
    }

    /// From now on, mails are taken and not answered, as by a server that hangs.
    pub fn fall_silent(&self, is_silent: bool) {
        self.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// Everything that was taken.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// How often each Message-ID was taken, of mails whose subject begins so.
    #[must_use]
    pub fn counts(&self, subject: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for mail in self.mails() {
            if mail.header("Subject").unwrap().starts_with(subject) {
                *counts.entry(mail.header("Message-ID").unwrap()).or_default() += 1;
            }
        }
        counts
    }

    fn happens(&self, percent: impl Fn(&Faults) -> u32) -> bool {
        let (faults, random) = &mut *self.faults.lock().unwrap();
        random.random_range(0..100) < percent(faults)
    }

    /// The same recipients each time.
    fn is_never_taken(&self, recipient: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        recipient.hash(&mut hasher);
        hasher.finish() % 100 < u64::from(self.faults.lock().unwrap().0.never)
    }

    async fn talk(&self, stream: TcpStream) -> io::Result<()> {
        let (reading, mut writing) = stream.into_split();
        let mut lines = BufReader::new(reading).lines();
        writing.write_all(b"220 postbox\r\n").await?;
        let mut to = String::new();
        while let Some(line) = lines.next_line().await? {
            let verb = line.get(..4).unwrap_or_default().to_uppercase();
            let answer = match verb.as_str() {
                "EHLO" | "HELO" => "250 postbox",
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    if self.is_never_taken(&to) {
                        "550 5.1.1 no such mailbox"
                    } else if self.happens(|faults| faults.later) {
                        "451 4.3.0 try again later"
                    } else {
                        "250 ok"
                    }
                }
                "DATA" => {
                    writing.write_all(b"354 go on\r\n").await?;
                    let mut text = String::new();
                    while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                        text.push_str(line.strip_prefix('.').unwrap_or(&line));
                        text.push_str("\r\n");
                    }
                    if self.happens(|faults| faults.lost) {
                        return Ok(());
                    }
                    self.mails.lock().unwrap().push(Mail { to: to.clone(), text });
                    if self.is_silent.load(Ordering::Relaxed) {
                        // Until the other side gives up.
                        while lines.next_line().await?.is_some() {}
                    }
                    if self.happens(|faults| faults.unanswered) {
                        return Ok(());
                    }
                    "250 taken"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            writing.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(())
    }
}
