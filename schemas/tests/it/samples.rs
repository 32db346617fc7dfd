//! Two values of every message: one with every optional field, one with none.

use schemas::{
    AggregateId, CommandId, Decoder, Encoder, Messages, Money, Rate, Timestamp,
    campaign::{
        Campaign, CampaignAudienceFixed, CampaignCommand, CampaignCompleted, CampaignCreated,
        CampaignEvent, CampaignPaused, CampaignStarted, CampaignStatus, CompleteCampaign,
        CreateCampaign, CutPosition, FixAudience, PauseCampaign, StartCampaign,
    },
    classification::{ClassificationEvent, CustomerClass, CustomerClassificationUpdated},
    command::{
        AggregateState, CommandOutcome, CommandPosition, CommandRefused, RecentOutcome, Rejection,
    },
    customer::{
        CreateCustomer, Customer, CustomerCommand, CustomerCreated, CustomerEmailPermissionGranted,
        CustomerEmailPermissionWithdrawn, CustomerEvent, CustomerUpdated, GrantEmailPermission,
        UpdateCustomer, WithdrawEmailPermission,
    },
    mailing::{
        ExcludeMailing, Exclusion, Mailing, MailingCommand, MailingEvent, MailingExcluded,
        MailingFailed, MailingReacted, MailingRequested, MailingSent, MailingStatus,
        MailingUncertain, MarkFailed, MarkSent, MarkUncertain, Reaction, RecordReaction,
        RequestAgain, RequestMailing,
    },
    notification::{ChangeKind, ReadModelChanged},
    order::{
        AddUsdRateAndValue, ConfirmOrder, CorrectText, CreateOrder, Order, OrderCommand,
        OrderConfirmationRequired, OrderConfirmed, OrderCreated, OrderEvent, OrderStatus,
        OrderTextCorrected, OrderUsdRateAndValueAdded, RequireConfirmation,
    },
};
use serde::Serialize;
use serde_json::Value;

/// Re-reads a datum as the newest Rust type, as JSON.
pub type Reread = fn(&Decoder, &str, &[u8]) -> Value;

/// A message in every form that the tests compare.
pub struct Sample {
    pub wire_type: &'static str,
    pub record: &'static str,
    pub schema: &'static str,
    /// Wire format under schema id 1.
    pub payload: Vec<u8>,
    /// The Rust value, by serde's human-readable form.
    pub json: Value,
    pub reread: Reread,
}

fn sample<M: Messages + 'static>(message: &M, json: Value) -> Sample {
    let ids = vec![1; M::FILES.len()];
    let payload = Encoder::<M>::new(&ids).unwrap().encode(message).unwrap();
    let file = M::FILES[message.index()];
    let Some(reread) = rereader(file.wire_type) else {
        panic!("no rereader for {}", file.wire_type)
    };
    Sample {
        wire_type: file.wire_type,
        record: file.record,
        schema: file.text,
        payload,
        json,
        reread,
    }
}

fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap()
}

/// How a datum of a wire type is read into the newest Rust type.
#[expect(clippy::too_many_lines, reason = "a table: one line for each type")]
pub fn rereader(wire_type: &str) -> Option<Reread> {
    macro_rules! rereaders {
        ($($set:ty { $($wire:literal => $pattern:path),+ $(,)? })+) => {
            $($(if wire_type == $wire {
                return Some(|decoder, wire_type, payload| {
                    match decoder.decode::<$set>(wire_type, payload) {
                        Ok(Some($pattern(record))) => json(&record),
                        other => panic!("{wire_type}: {other:?}"),
                    }
                });
            })+)+
        };
    }
    rereaders! {
        CustomerCommand {
            "create_customer" => CustomerCommand::Create,
            "update_customer" => CustomerCommand::Update,
            "grant_email_permission" => CustomerCommand::GrantEmailPermission,
            "withdraw_email_permission" => CustomerCommand::WithdrawEmailPermission,
        }
        CustomerEvent {
            "customer_created" => CustomerEvent::Created,
            "customer_updated" => CustomerEvent::Updated,
            "customer_email_permission_granted" => CustomerEvent::EmailPermissionGranted,
            "customer_email_permission_withdrawn" => CustomerEvent::EmailPermissionWithdrawn,
        }
        OrderCommand {
            "create_order" => OrderCommand::Create,
            "add_usd_rate_and_value" => OrderCommand::AddUsdRateAndValue,
            "require_confirmation" => OrderCommand::RequireConfirmation,
            "confirm_order" => OrderCommand::Confirm,
            "correct_text" => OrderCommand::CorrectText,
        }
        OrderEvent {
            "order_created" => OrderEvent::Created,
            "order_usd_rate_and_value_added" => OrderEvent::UsdRateAndValueAdded,
            "order_confirmation_required" => OrderEvent::ConfirmationRequired,
            "order_confirmed" => OrderEvent::Confirmed,
            "order_text_corrected" => OrderEvent::TextCorrected,
        }
        CampaignCommand {
            "create_campaign" => CampaignCommand::Create,
            "start_campaign" => CampaignCommand::Start,
            "fix_audience" => CampaignCommand::FixAudience,
            "pause_campaign" => CampaignCommand::Pause,
            "complete_campaign" => CampaignCommand::Complete,
        }
        CampaignEvent {
            "campaign_created" => CampaignEvent::Created,
            "campaign_started" => CampaignEvent::Started,
            "campaign_audience_fixed" => CampaignEvent::AudienceFixed,
            "campaign_paused" => CampaignEvent::Paused,
            "campaign_completed" => CampaignEvent::Completed,
        }
        MailingCommand {
            "request_mailing" => MailingCommand::Request,
            "request_again" => MailingCommand::RequestAgain,
            "mark_sent" => MailingCommand::MarkSent,
            "mark_failed" => MailingCommand::MarkFailed,
            "mark_uncertain" => MailingCommand::MarkUncertain,
            "exclude_mailing" => MailingCommand::Exclude,
            "record_reaction" => MailingCommand::RecordReaction,
        }
        MailingEvent {
            "mailing_requested" => MailingEvent::Requested,
            "mailing_sent" => MailingEvent::Sent,
            "mailing_failed" => MailingEvent::Failed,
            "mailing_uncertain" => MailingEvent::Uncertain,
            "mailing_excluded" => MailingEvent::Excluded,
            "mailing_reacted" => MailingEvent::Reacted,
        }
        ClassificationEvent {
            "customer_classification_updated" => ClassificationEvent::Updated,
        }
    }
    macro_rules! sole {
        ($($wire:literal => $record:ty),+ $(,)?) => {
            $(if wire_type == $wire {
                return Some(|decoder, wire_type, payload| {
                    json(&decoder.decode::<$record>(wire_type, payload).unwrap().unwrap())
                });
            })+
        };
    }
    sole! {
        "customer_state" => AggregateState<Customer>,
        "order_state" => AggregateState<Order>,
        "campaign_state" => AggregateState<Campaign>,
        "mailing_state" => AggregateState<Mailing>,
        "command_outcome" => CommandOutcome,
        "command_refused" => CommandRefused,
        "read_model_changed" => ReadModelChanged,
    }
    None
}

fn id(text: &str) -> AggregateId {
    AggregateId::new(text).unwrap()
}

fn moment() -> Timestamp {
    "2026-11-20T10:00:00.123456Z".parse().unwrap()
}

fn money() -> Money {
    "1234567.89".parse().unwrap()
}

macro_rules! samples {
    ($list:ident: $($set:ty: $record:expr;)+) => {
        $({
            let record = $record;
            let json = json(&record);
            $list.push(sample(&<$set>::from(record), json));
        })+
    };
}

/// Every sample.
pub fn all() -> Vec<Sample> {
    let mut list = Vec::new();
    for whole in [true, false] {
        customers(&mut list, whole);
        orders(&mut list, whole);
        campaigns(&mut list, whole);
        mailings(&mut list, whole);
        others(&mut list, whole);
    }
    list
}

fn customers(list: &mut Vec<Sample>, whole: bool) {
    let name = || "Åse Nørgård".to_owned();
    let location = || whole.then(|| "Tromsø".to_owned());
    let email = || whole.then(|| "aase@example.org".to_owned());
    let source = || "web form".to_owned();
    samples! { list:
        CustomerCommand: CreateCustomer { name: name(), location: location(), email: email() };
        CustomerCommand: UpdateCustomer { name: name(), location: location(), email: email() };
        CustomerCommand: GrantEmailPermission { source: source() };
        CustomerCommand: WithdrawEmailPermission { source: source() };
        CustomerEvent: CustomerCreated { name: name(), location: location(), email: email() };
        CustomerEvent: CustomerUpdated { name: name(), location: location(), email: email() };
        CustomerEvent: CustomerEmailPermissionGranted { source: source() };
        CustomerEvent: CustomerEmailPermissionWithdrawn { source: source() };
        AggregateState<Customer>: state(whole, Customer {
            name: name(), location: location(), email: email(), email_permission: whole,
        });
    }
}

fn orders(list: &mut Vec<Sample>, whole: bool) {
    let text = || "13 \"CDs\"\nand a book".to_owned();
    let ordered_at = whole.then(moment);
    let usd_rate: Rate = "1.0850".parse().unwrap();
    samples! { list:
        OrderCommand: CreateOrder { customer_id: id("c1"), text: text(), value: money(), ordered_at };
        OrderCommand: AddUsdRateAndValue { time: moment(), usd_rate, usd_value: money() };
        OrderCommand: RequireConfirmation {};
        OrderCommand: ConfirmOrder { note: whole.then(text) };
        OrderCommand: CorrectText { text: text() };
        OrderEvent: OrderCreated {
            customer_id: id("c1"), text: text(), value: money(), ordered_at: moment(),
        };
        OrderEvent: OrderUsdRateAndValueAdded { time: moment(), usd_rate, usd_value: money() };
        OrderEvent: OrderConfirmationRequired {};
        OrderEvent: OrderConfirmed { note: whole.then(text) };
        OrderEvent: OrderTextCorrected { text: text() };
        AggregateState<Order>: state(whole, Order { status: OrderStatus::Unconfirmed });
    }
}

fn campaigns(list: &mut Vec<Sample>, whole: bool) {
    let name = || "Spring".to_owned();
    let subject = || "Hello {{ name }}".to_owned();
    let body = || "<p>Dear {{ name }},</p>\n<p>thank you.</p>".to_owned();
    let cut = || match whole {
        true => vec![CutPosition { partition: 3, next_offset: 1 << 40 }],
        false => Vec::new(),
    };
    let audience_class = whole.then_some(CustomerClass::A);
    samples! { list:
        CampaignCommand: CreateCampaign {
            name: name(), subject: subject(), body: body(), audience_class,
        };
        CampaignCommand: StartCampaign {};
        CampaignCommand: FixAudience { customers: 539, cut: cut() };
        CampaignCommand: PauseCampaign {};
        CampaignCommand: CompleteCampaign {};
        CampaignEvent: CampaignCreated {
            name: name(), subject: subject(), body: body(), audience_class: CustomerClass::B,
        };
        CampaignEvent: CampaignStarted {};
        CampaignEvent: CampaignAudienceFixed { customers: 539, cut: cut() };
        CampaignEvent: CampaignPaused {};
        CampaignEvent: CampaignCompleted {};
        AggregateState<Campaign>: state(whole, Campaign {
            status: CampaignStatus::Running, audience_fixed: whole,
        });
    }
}

fn mailings(list: &mut Vec<Sample>, whole: bool) {
    let (campaign_id, customer_id) = (|| id("spring"), || id("c1"));
    let (customer_class, class_sequence) = (CustomerClass::B, 2);
    let message_id = || whole.then(|| "<1@example.org>".to_owned());
    let reason = || "550 no such user".to_owned();
    let (reaction, reacted_at) = (Reaction::Clicked, moment());
    samples! { list:
        MailingCommand: RequestMailing {
            campaign_id: campaign_id(), customer_id: customer_id(), customer_class, class_sequence,
        };
        MailingCommand: RequestAgain {};
        MailingCommand: MarkSent { message_id: message_id(), sent_at: moment() };
        MailingCommand: MarkFailed { reason: reason() };
        MailingCommand: MarkUncertain { reason: reason() };
        MailingCommand: ExcludeMailing { reason: Exclusion::NoPermission };
        MailingCommand: RecordReaction { reaction, reacted_at };
        MailingEvent: MailingRequested {
            campaign_id: campaign_id(), customer_id: customer_id(), customer_class, class_sequence,
            attempt: 1,
        };
        MailingEvent: MailingSent { message_id: message_id(), sent_at: moment() };
        MailingEvent: MailingFailed { reason: reason() };
        MailingEvent: MailingUncertain { reason: reason() };
        MailingEvent: MailingExcluded { reason: Exclusion::NoAddress };
        MailingEvent: MailingReacted { reaction, reacted_at };
        AggregateState<Mailing>: state(whole, Mailing {
            campaign_id: campaign_id(), customer_id: customer_id(), customer_class, class_sequence,
            attempt: 1, status: MailingStatus::Uncertain, reactions: vec![Reaction::Opened],
        });
    }
}

fn others(list: &mut Vec<Sample>, whole: bool) {
    samples! { list:
        ClassificationEvent: CustomerClassificationUpdated {
            customer_id: id("c1"),
            class: CustomerClass::B,
            previous_class: whole.then_some(CustomerClass::C),
            confirmed_revenue: money(),
            confirmed_orders: 3,
            window_days: whole.then_some(365),
            rule_version: (if whole { "a=10000.00,b=1000.00,window=365d" } else { "" }).to_owned(),
            evaluated_at: moment(),
            reason: whole.then(|| "aged_out".to_owned()),
            a_threshold: whole.then(|| "10000".parse().unwrap()),
            b_threshold: whole.then(|| "1000".parse().unwrap()),
        };
        CommandOutcome: CommandOutcome {
            aggregate: "order".to_owned(),
            aggregate_id: "o1".to_owned(),
            fingerprint: -7,
            version: 2,
            event_ids: if whole { Vec::new() } else { vec!["e1".to_owned(), "e2".to_owned()] },
            rejection: whole.then(rejection),
            latest_change: whole.then_some(CommandPosition { partition: 3, offset: 1 << 40 }),
        };
        CommandRefused: CommandRefused {
            command_id: "0193".to_owned(),
            aggregate: "order".to_owned(),
            aggregate_id: "o1".to_owned(),
            command_type: "confirm_order".to_owned(),
            actor: if whole { "Åse" } else { "anna" }.to_owned(),
            right: "order.CONFIRM".to_owned(),
            reason: "forbidden".to_owned(),
        };
        ReadModelChanged: ReadModelChanged {
            endpoint: "orders".to_owned(),
            read_model: "overview".to_owned(),
            kind: if whole { ChangeKind::AddRow } else { ChangeKind::All },
            row_id: whole.then(|| "o1".to_owned()),
            topic: whole.then(|| "order.events".to_owned()),
            partition: whole.then_some(3),
            offset: whole.then_some(17),
            details: whole.then(|| r#"{"id":"o1"}"#.to_owned()),
        };
    }
}

fn rejection() -> Rejection {
    Rejection {
        code: "invalid".to_owned(),
        message: "value must be above zero".to_owned(),
        pointer: Some("/value".to_owned()),
    }
}

fn state<S>(whole: bool, state: S) -> AggregateState<S> {
    let outcome = RecentOutcome {
        command_id: CommandId::from_key("1"),
        fingerprint: -7,
        decided_at: moment(),
        version: 1,
        events: 1,
        rejection: Some(rejection()),
        latest_change: Some(1 << 40),
    };
    if whole {
        AggregateState { version: 1, state: Some(state), recent: vec![outcome] }
    } else {
        AggregateState { version: 0, state: None, recent: Vec::new() }
    }
}
