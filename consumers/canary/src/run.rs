//! One run: a command goes in, and is waited for at both ends where it comes out.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::{
    changes::Changes,
    client::Asking,
    error::Error,
    order::{self, Correction},
};

/// What is timed, from the sending of the command on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its outcome is answered.
    Accepted,
    /// A query with its token shows the row as it has become.
    Readable,
    /// Whoever listens for changes is told of the row.
    Notified,
}

impl Stage {
    /// All of them, the most telling first: without a row there is no notification, so that the
    /// lack of one says something of its own only when the row is there.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Readable, Self::Notified];

    /// As metrics and logs have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Readable => "readable",
            Self::Notified => "notified",
        }
    }
}

/// What came of a run: of each stage that was tried, how long it took or why it has failed.
#[derive(Debug)]
pub struct Report(Vec<(Stage, Result<Duration, Error>)>);

impl Report {
    /// Of a run that came to nothing.
    pub fn of_failure(stage: Stage, error: Error) -> Self {
        Self(vec![(stage, Err(error))])
    }

    /// The stage that says most of what is wrong; none when nothing is.
    pub fn failed(&self) -> Option<Stage> {
        let has_failed =
            |wanted: &Stage| self.0.iter().any(|(stage, end)| stage == wanted && end.is_err());
        Stage::ALL.into_iter().find(has_failed)
    }

    /// Each stage that was reached, and after how long.
    pub fn reached(&self) -> impl Iterator<Item = (Stage, Duration)> {
        self.0.iter().filter_map(|(stage, end)| Some((*stage, *end.as_ref().ok()?)))
    }

    /// What is wrong, stage by stage.
    pub fn reason(&self) -> String {
        let failures = self.0.iter().filter_map(|(stage, end)| {
            let error = end.as_ref().err()?;
            Some(format!("{}: {error}", stage.as_str()))
        });
        failures.collect::<Vec<_>>().join("; ")
    }
}

/// Makes a run that ends before the deadline.
pub async fn run(asking: &Asking<'_>, correction: &Correction, deadline: Instant) -> Report {
    let left = || deadline.saturating_duration_since(Instant::now());
    // Before the command, whose notification might be missed. A notifier that hangs leaves the
    // other stages their time: how they fare is known all the same.
    let listening = within(Instant::now() + left() / 3, Changes::open(asking)).await;
    let sent = Instant::now();
    // From the begin on: a notification may come before the answer.
    let notified = async {
        let told = async { listening?.until_told(correction).await };
        Ok::<_, Error>(within(deadline, told).await.map(|()| sent.elapsed()))
    };
    let readable = async {
        let accepted = within(deadline, correction.send(asking, left())).await?;
        let took = sent.elapsed();
        let shown = order::is_readable(asking, correction, accepted, left());
        Ok((took, within(deadline, shown).await.map(|()| sent.elapsed())))
    };
    // Of what is not accepted nothing can come: then nobody is waited for.
    match tokio::try_join!(notified, readable) {
        Err(error) => Report::of_failure(Stage::Accepted, error),
        Ok((notified, (accepted, readable))) => Report(vec![
            (Stage::Accepted, Ok(accepted)),
            (Stage::Readable, readable),
            (Stage::Notified, notified),
        ]),
    }
}

/// What comes before a deadline.
pub async fn within<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    timeout_at(deadline, work).await.unwrap_or(Err(Error::Late))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    fn report(readable: Result<Duration, Error>, notified: Result<Duration, Error>) -> Report {
        let accepted = (Stage::Accepted, Ok(SOON));
        Report(vec![accepted, (Stage::Readable, readable), (Stage::Notified, notified)])
    }

    #[test]
    fn the_stage_that_tells_most_is_named_and_the_others_told() {
        let all = report(Ok(SOON), Ok(SOON));
        assert_eq!((all.failed(), all.reason().as_str()), (None, ""));
        assert_eq!(all.reached().count(), 3);

        let away = || Error::Away { service: "orders", reason: "Connection refused".into() };
        let both = report(Err(away()), Err(Error::Late));
        assert_eq!(both.failed(), Some(Stage::Readable));
        let reason = "readable: orders does not answer: Connection refused; \
                      notified: nothing has come in time";
        assert_eq!(both.reason(), reason);

        assert_eq!(report(Ok(SOON), Err(Error::Ended)).failed(), Some(Stage::Notified));
        let refused = Report::of_failure(Stage::Accepted, Error::Undecided);
        assert_eq!((refused.failed(), refused.reached().count()), (Some(Stage::Accepted), 0));
    }

    #[tokio::test]
    async fn nothing_is_waited_for_longer_than_that() {
        let begun = Instant::now();
        let never = std::future::pending::<Result<(), Error>>();
        let end = within(begun + SOON, never).await;
        assert!(matches!(end, Err(Error::Late)), "{end:?}");
        assert!(begun.elapsed() >= SOON);
    }
}
