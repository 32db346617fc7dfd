//! E-mail campaigns against a mail server that goes wrong, while their services are killed.

use std::collections::BTreeMap;

use nix::sys::signal::Signal;
use rand::{RngExt, SeedableRng, rngs::SmallRng, seq::SliceRandom};
use serde_json::{Value, json};
use testkit::{
    Installation, Postbox, eventually,
    postbox::{Faults, Mail},
};

use self::stage::{SERVICES, address, mailings, permit, prepare, settings, standing, tell};
use crate::import;

pub mod stage;

/// Customers of class B in the history, and how many of them may be written to.
const AUDIENCE: usize = 539;
const PERMITTED: usize = 400;
const WITHOUT_ADDRESS: usize = 20;
const KILLS: usize = 20;
const FAULTS: Faults = Faults { later: 5, never: 2, lost: 1, unanswered: 1 };

async fn start(postbox: &Postbox, per_second: &str) -> Installation {
    let settings = settings(&postbox.url, per_second);
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Installation::start(&SERVICES, &settings).await
}

async fn customers_of_class(installation: &Installation, class: &str) -> Vec<String> {
    let sql = "select customer_id from customer_classifier.customer where class = $1 order by 1";
    let rows = installation.database().await.query(sql, &[&class]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The seeds of this run: one, unless `CAMPAIGN_SEEDS` names others.
fn seeds() -> Vec<u64> {
    let text = std::env::var("CAMPAIGN_SEEDS").unwrap_or_else(|_| "1".to_owned());
    text.split(',').map(|seed| seed.parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_under_kills_writes_to_each_customer_once() {
    let postbox = Postbox::open().await;
    let installation = start(&postbox, "15").await;
    let output = import::import(&installation, 64).output().unwrap();
    import::report(&output);
    let look = async || customers_of_class(&installation, "B").await;
    let mut audience = eventually("the audience", look, |b| b.len() == AUDIENCE).await;
    for seed in seeds() {
        audience.shuffle(&mut SmallRng::seed_from_u64(seed));
        if seed == seeds()[0] {
            let addressed = &audience[..AUDIENCE - WITHOUT_ADDRESS];
            permit(&installation, addressed, PERMITTED).await;
        }
        run(&installation, &postbox, seed).await;
    }
    replay(&installation, &postbox).await;
}

/// One campaign, with kills all the time.
async fn run(installation: &Installation, postbox: &Postbox, seed: u64) {
    let campaign = format!("campaign-{seed}");
    postbox.go_wrong(FAULTS, seed);
    prepare(installation, &campaign).await;
    tell(installation, &campaign, "START").await;
    let sending = |row: &Value| row["funnel"]["sent"].as_u64() > Some(5);
    standing(installation, &campaign, "the first mails", sending).await;
    let mut random = SmallRng::seed_from_u64(seed);
    for _ in 0..KILLS {
        let service = ["email-campaign", "command-processor"][random.random_range(0..2)];
        installation.kill(service).await;
    }
    let row = over(installation, &campaign).await;
    assert_eq!(row["customers"], json!(AUDIENCE));
    eprintln!("seed {seed}, {KILLS} kills: {}", row["funnel"]);
    judge(installation, postbox, &campaign).await;
}

/// Waits until all of it is asked for, as long as it goes on, and then until nothing waits.
async fn over(installation: &Installation, campaign: &str) -> Value {
    let (all, mut seen) = (json!(AUDIENCE), 0);
    while json!(seen) != all {
        let more = |row: &Value| row["funnel"]["mailings"].as_u64() > Some(seen);
        let row = standing(installation, campaign, "further mailings", more).await;
        seen = row["funnel"]["mailings"].as_u64().unwrap();
    }
    let is_over = |row: &Value| row["funnel"]["waiting"] == json!(0);
    standing(installation, campaign, "the campaign to be over", is_over).await
}

/// The mail server's own count of each Message-ID against what is recorded.
async fn judge(installation: &Installation, postbox: &Postbox, campaign: &str) {
    let counts = postbox.counts(campaign);
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    let mut recorded = 0;
    for mailing in mailings(installation, campaign).await {
        let status = mailing["status"].as_str().unwrap().to_owned();
        let to = address(mailing["customerId"].as_str().unwrap());
        let of_customer = postbox.mails().into_iter().filter(|mail| mail.to == to);
        let subject = format!("{campaign} for");
        let arrived = of_customer
            .filter(|mail| mail.header("Subject").unwrap().starts_with(&subject))
            .count();
        match status.as_str() {
            "sent" => {
                assert_eq!(arrived, 1, "{mailing}");
                assert_eq!(counts[mailing["messageId"].as_str().unwrap()], 1, "{mailing}");
            }
            "uncertain" => assert!(arrived <= 1, "{mailing}"),
            "failed" | "excluded" => assert_eq!(arrived, 0, "{mailing}"),
            _ => panic!("{mailing}"),
        }
        assert_eq!(mailing["classAtStart"], json!("B"));
        recorded += arrived;
        *statuses.entry(status).or_default() += 1;
    }
    assert_eq!(recorded, counts.values().sum::<usize>(), "mails that nobody asked for");
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    assert_eq!(statuses["excluded"], AUDIENCE - PERMITTED, "{statuses:?}");
    assert!(statuses["sent"] > PERMITTED * 8 / 10 && statuses["failed"] > 0, "{statuses:?}");
}

/// Everything built anew, and the saga's own tables lost: nobody is written to again.
async fn replay(installation: &Installation, postbox: &Postbox) {
    let before = postbox.mails().len();
    for action in ["start", "switch"] {
        let (code, out, told) = installation.run(&["rebuild", "campaigns", action]).await;
        assert_eq!(code, 0, "{action}: {out} {told}");
    }
    let (code, out, told) = installation.run(&["verify", "read-model", "campaigns"]).await;
    assert_eq!(code, 0, "{out} {told}");
    lose(installation).await;
    let database = installation.database().await;
    let sql = "select count(*) from email_campaign.sender";
    let look = async || database.query_one(sql, &[]).await.map_or(0, |row| row.get::<_, i64>(0));
    eventually("the saga to have caught up", look, |caught_up| *caught_up == 1).await;
    // A campaign that begins now is sent: whatever would be sent again would be before it.
    let campaign = "afterwards";
    prepare(installation, campaign).await;
    tell(installation, campaign, "START").await;
    over(installation, campaign).await;
    let of_it = postbox.counts(campaign).values().sum::<usize>();
    assert_eq!(postbox.mails().len(), before + of_it);
    let (code, out, told) = installation.run(&["verify", "log"]).await;
    assert_eq!(code, 0, "{out} {told}");
}

/// The saga's tables are gone. Only the number of its last batch is carried over: without it the
/// relay takes the database for one of an earlier time, and stops.
async fn lose(installation: &Installation) {
    let database = installation.database().await;
    let sql = "select last_batch from email_campaign.outbox_relay";
    let last: i64 = database.query_one(sql, &[]).await.unwrap().get(0);
    database.batch_execute("drop schema email_campaign cascade").await.unwrap();
    installation.signal("email-campaign", Signal::SIGKILL).await;
    let sql = "update email_campaign.outbox_relay set last_batch = $1 where last_batch = 0";
    let carry = async || database.execute(sql, &[&last]).await.unwrap_or_default();
    eventually("new tables", carry, |rows| *rows == 1).await;
    installation.ready("email-campaign").await;
}

/// Customers of class B, each by one order.
async fn customers(installation: &Installation, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..count {
        let id = crate::story::customer(installation, &format!("Customer {n:03}")).await;
        crate::story::order(installation, &id, "150").await;
        ids.push(id);
    }
    let look = async || customers_of_class(installation, "B").await;
    eventually("the audience", look, |b| b.len() == count).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_and_a_withdrawal_is_respected() {
    let postbox = Postbox::open().await;
    let installation = start(&postbox, "2").await;
    let audience = customers(&installation, 40).await;
    permit(&installation, &audience, 40).await;
    prepare(&installation, "spring").await;
    tell(&installation, "spring", "START").await;
    let look = async || postbox.mails().len();
    eventually("some mails", look, |mails| *mails >= 5).await;
    tell(&installation, "spring", "PAUSE").await;
    let row = standing(&installation, "spring", "the pause", |row| row["status"] == "paused").await;
    assert!(row["funnel"]["mailings"].as_u64() < Some(39), "it is over already: {row}");

    // Another campaign goes on; by its end the paused one has not moved by more than a batch.
    prepare(&installation, "other").await;
    tell(&installation, "other", "START").await;
    let other_over = |row: &Value| row["funnel"]["sent"] == json!(40);
    standing(&installation, "other", "the other campaign to be over", other_over).await;
    let during = postbox.counts("spring").len();
    assert!(during <= 5 + 20, "{during} mails of a paused campaign");
    let written: Vec<_> = postbox
        .mails()
        .into_iter()
        .filter(|mail| mail.header("Subject").unwrap().starts_with("spring"))
        .map(|mail| mail.to)
        .collect();

    // Somebody who was not written to yet does not want to be.
    let spared = audience.iter().find(|customer| !written.contains(&address(customer))).unwrap();
    let source = json!({ "source": "by phone" });
    stage::command(&installation, "customer", spared, "WITHDRAW_EMAIL_PERMISSION", source).await;
    tell(&installation, "spring", "START").await;
    let over = |row: &Value| {
        row["funnel"]["mailings"] == json!(40) && row["funnel"]["waiting"] == json!(0)
    };
    let row = standing(&installation, "spring", "the campaign to be over", over).await;
    assert_eq!(row["funnel"]["sent"], json!(39), "{row}");
    assert_eq!(row["funnel"]["excluded"]["noPermission"], json!(1), "{row}");
    let to = address(spared);
    let spring = |mail: &Mail| mail.header("Subject").unwrap().starts_with("spring");
    assert!(!postbox.mails().iter().any(|mail| mail.to == to && spring(mail)));
    react(&installation, &postbox).await;
}

/// By what is in a mail alone.
async fn react(installation: &Installation, postbox: &Postbox) {
    let mails = postbox.mails();
    let mail = mails.iter().find(|m| m.header("Subject").unwrap().starts_with("spring")).unwrap();
    let customer = mail.to.split('@').next().unwrap();
    let link = mail.header("List-Unsubscribe").unwrap();
    let link = link.trim_matches(['<', '>']);
    assert_eq!(mail.header("List-Unsubscribe-Post").unwrap(), "List-Unsubscribe=One-Click");
    let path = &link[link.find("/m/").unwrap()..];
    let url = installation.url("email-campaign", path);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    // A scanner that follows links unsubscribes nobody.
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    let (_, row) = installation.get("customers", &format!("/v1/customers/{customer}")).await;
    assert_eq!(row["emailPermission"], json!(true), "{row}");
    for _ in 0..2 {
        let form = client.post(&url).body("List-Unsubscribe=One-Click");
        assert_eq!(form.send().await.unwrap().status(), 200);
    }
    let look = async || installation.get("customers", &format!("/v1/customers/{customer}")).await.1;
    eventually("no permission", look, |row| row["emailPermission"] == json!(false)).await;

    let opened = url.replace("/unsubscribe", "/opened");
    assert_eq!(client.get(&opened).send().await.unwrap().status(), 200);
    let forged = url.replace("/m/", "/m/x");
    assert_eq!(client.post(&forged).send().await.unwrap().status(), 404);
    let away = url.replace("/unsubscribe", "/to/aHR0cHM6Ly9ldmlsLmV4YW1wbGU/x");
    assert_eq!(client.get(&away).send().await.unwrap().status(), 404);
    let both = |row: &Value| {
        row["funnel"]["unsubscribed"] == json!(1) && row["funnel"]["opened"] == json!(1)
    };
    standing(installation, "spring", "the reactions", both).await;
}
