//! Forgets what a consumer has made, so that it is made anew.

use std::path::PathBuf;

use clap::Args;
use consumer_runtime::{
    build::Until,
    read_model::{NEXT, PREVIOUS},
    tokio_postgres::Client,
};
use event_log::{Settings, group};
use operator::Consumer;

use crate::{
    commands::{alone::until_stopped, cluster::failed},
    failure::{Failure, Result},
    generations::{self, build::Builder, postgres},
    report::{Report, print},
};

/// Options of the command.
#[derive(Debug, Args)]
pub struct Options {
    /// Keep its rows, which were restored from a backup that is older than the log
    #[arg(long)]
    keep_rows: bool,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// The consumer's binary, if it has to build [default: the one beside this]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(
    options: Options,
    consumer: Consumer,
    settings: Settings,
    database_url: String,
) -> Result<()> {
    let Options { keep_rows, dry_run, binary } = options;
    let (name, report) = (consumer.name(), Report::new());
    let way = Way::of(consumer, keep_rows)?;
    let client = generations::connect(&database_url).await?;
    if way == Way::Keep {
        check_rows(&client, consumer, &settings).await?;
    }
    if dry_run {
        print(format!("would {}", way.as_text(consumer)));
        return Ok(());
    }
    let since = "since they go on with what is forgotten";
    until_stopped(&settings, name, since, &report).await?;
    match way {
        Way::Keep => forget_sender(&client, consumer).await?,
        Way::Drop => generations::empty(&client, &consumer.schema()).await?,
        Way::Build => {
            let program = binary.map_or_else(|| Builder::beside(consumer), Ok)?;
            let cluster = settings.clone();
            let builder =
                Builder { consumer, settings: cluster, database_url, program, is_quiet: false };
            build(&client, &builder).await?;
        }
    }
    if way != Way::Keep {
        // Builds of an earlier log.
        for other in [NEXT, PREVIOUS] {
            generations::remove(&client, &format!("{}{other}", consumer.schema())).await?;
        }
    }
    // Last of all: as long as it is there, its relay refuses to go on.
    group::delete(&settings, &format!("{name}.relay")).await.map_err(failed)?;
    print(format!("{}: start {name} now", way.done(consumer)));
    Ok(())
}

/// How it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Its tables are dropped; the next start fills them.
    Drop,
    /// Its tables are built here: what it has published must not be published again.
    Build,
    /// Its tables stay.
    Keep,
}

impl Way {
    fn of(consumer: Consumer, keep_rows: bool) -> Result<Self> {
        match (keep_rows, consumer.publishes()) {
            (true, Some(topic)) => Err(Failure::setup(format!(
                "{} numbers what it publishes by its rows, and {topic} has more than rows of an \
                 earlier time know: start over without --keep-rows",
                consumer.name()
            ))),
            (true, None) => Ok(Self::Keep),
            (false, Some(_)) => Ok(Self::Build),
            (false, None) => Ok(Self::Drop),
        }
    }

    fn as_text(self, consumer: Consumer) -> String {
        let (schema, name) = (consumer.schema(), consumer.name());
        let what = match self {
            Self::Drop => format!("drop schema {schema}"),
            Self::Build => format!("build schema {schema} anew"),
            Self::Keep => format!("keep schema {schema}"),
        };
        format!("{what}, and delete group {name}.relay")
    }

    fn done(self, consumer: Consumer) -> String {
        let schema = consumer.schema();
        match self {
            Self::Drop => format!("schema {schema} is dropped"),
            Self::Build => format!("schema {schema} is built anew"),
            Self::Keep => format!("schema {schema} is kept"),
        }
    }
}

/// Rows that are newer than the log tell of what never happened.
async fn check_rows(client: &Client, consumer: Consumer, settings: &Settings) -> Result<()> {
    let schema = consumer.schema();
    let hint = "there are no rows to keep: start over without --keep-rows";
    generations::require(client, &schema, hint).await?;
    let at = generations::offsets(client, &schema).await?;
    let ends = generations::ends(settings, &at).await?;
    let mut ahead = at.0.iter().filter(|(place, next)| ends.of(**place) < Some(**next));
    match ahead.next() {
        None => Ok(()),
        Some((place, next)) => Err(Failure::setup(format!(
            "schema {schema} has applied {place} up to offset {next}, which the log does not have: \
             it is newer than the log, start over without --keep-rows"
        ))),
    }
}

/// What the saga knows of mails on their way may be outdated: those of which the log has no end are
/// uncertain then.
async fn forget_sender(client: &Client, consumer: Consumer) -> Result<()> {
    if consumer != Consumer::EmailCampaign {
        return Ok(());
    }
    let sql = format!("delete from \"{}\".sender", consumer.schema());
    client.batch_execute(&sql).await.map_err(postgres)
}

/// Builds its tables beside, with what is published, and puts them in the place of the old ones.
async fn build(client: &Client, builder: &Builder) -> Result<()> {
    let live = builder.consumer.schema();
    let next = format!("{live}{NEXT}");
    // What another build has done may be of another log.
    generations::remove(client, &next).await?;
    builder.run(&next, &Until::default()).await?;
    generations::replace(client, &live, &next).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_publishes_is_built_and_keeps_nothing() {
        assert_eq!(Way::of(Consumer::Orders, false).unwrap(), Way::Drop);
        assert_eq!(Way::of(Consumer::EmailCampaign, true).unwrap(), Way::Keep);
        assert_eq!(Way::of(Consumer::CustomerClassifier, false).unwrap(), Way::Build);
        let refused = Way::of(Consumer::CustomerClassifier, true).unwrap_err().to_string();
        assert!(refused.contains("without --keep-rows"), "{refused}");
    }
}
