use proptest::prelude::*;
use schemas::{
    AggregateId, Rate,
    order::{
        AddUsdRateAndValue, ConfirmOrder, CorrectText, OrderTextCorrected, RequireConfirmation,
    },
};

use super::*;
use crate::testing::{fold, given, now};

fn create() -> CreateOrder {
    CreateOrder {
        customer_id: AggregateId::new("c1").unwrap(),
        text: "two\nCDs".to_owned(),
        value: Money::from_minor(1399),
        ordered_at: None,
    }
}

fn add_usd() -> AddUsdRateAndValue {
    AddUsdRateAndValue {
        time: "2026-11-20T00:00:00Z".parse().unwrap(),
        usd_rate: Rate::from_minor(1_085_000),
        usd_value: Money::from_minor(1518),
    }
}

fn was_created() -> OrderEvent {
    created(create(), now())
}

fn was_required() -> OrderEvent {
    OrderEvent::ConfirmationRequired(OrderConfirmationRequired {})
}

fn was_confirmed() -> OrderEvent {
    OrderEvent::Confirmed(OrderConfirmed::default())
}

fn was_valued() -> OrderEvent {
    let AddUsdRateAndValue { time, usd_rate, usd_value } = add_usd();
    OrderEvent::UsdRateAndValueAdded(OrderUsdRateAndValueAdded { time, usd_rate, usd_value })
}

#[test]
fn create_places_an_order_once() {
    given::<Orders>([]).when(create()).then([was_created()]);
    given::<Orders>([was_created()]).when(create()).refused(RejectionCode::AlreadyExists);
    given::<Orders>([was_created(), was_confirmed()])
        .when(create())
        .refused(RejectionCode::AlreadyExists);
}

#[test]
fn an_order_without_a_date_was_placed_now() {
    let OrderEvent::Created(placed) = was_created() else {
        panic!("another event");
    };
    assert_eq!(placed.ordered_at, now());
    let past = "1997-01-01T00:00:00Z".parse().unwrap();
    let dated = CreateOrder { ordered_at: Some(past), ..create() };
    given::<Orders>([])
        .when(dated)
        .then([OrderEvent::Created(OrderCreated { ordered_at: past, ..placed })]);
}

#[test]
fn usd_value_is_added_to_any_order() {
    for past in [
        vec![was_created()],
        vec![was_created(), was_required()],
        vec![was_created(), was_confirmed()],
        vec![was_created(), was_valued()],
    ] {
        given::<Orders>(past).when(add_usd()).then([was_valued()]);
    }
    given::<Orders>([]).when(add_usd()).refused(RejectionCode::NotFound);
}

#[test]
fn only_a_new_order_can_require_confirmation() {
    given::<Orders>([was_created()]).when(RequireConfirmation {}).then([was_required()]);
    given::<Orders>([]).when(RequireConfirmation {}).refused(RejectionCode::NotFound);
    for last in [was_required(), was_confirmed()] {
        given::<Orders>([was_created(), last])
            .when(RequireConfirmation {})
            .refused(RejectionCode::RuleViolated);
    }
}

#[test]
fn an_order_is_confirmed_once() {
    for past in [
        vec![was_created()],
        vec![was_created(), was_required()],
        vec![was_created(), was_valued()],
    ] {
        given::<Orders>(past).when(ConfirmOrder::default()).then([was_confirmed()]);
    }
    given::<Orders>([]).when(ConfirmOrder::default()).refused(RejectionCode::NotFound);
    given::<Orders>([was_created(), was_confirmed()])
        .when(ConfirmOrder::default())
        .refused(RejectionCode::RuleViolated);
}

#[test]
fn a_note_goes_into_the_event() {
    let note = |text: &str| Some(text.to_owned());
    let confirmed = OrderEvent::Confirmed(OrderConfirmed { note: note("by telephone") });
    given::<Orders>([was_created()])
        .when(ConfirmOrder { note: note("by telephone") })
        .then([confirmed]);
    given::<Orders>([was_created()]).when(ConfirmOrder { note: note("") }).invalid("/note");
}

#[test]
fn a_text_is_corrected_in_any_state_of_an_order() {
    let correct = || CorrectText { text: "a shelf".into() };
    let corrected = || OrderEvent::TextCorrected(OrderTextCorrected { text: "a shelf".into() });
    for past in [vec![was_created()], vec![was_created(), was_confirmed()]] {
        given::<Orders>(past).when(correct()).then([corrected()]);
    }
    given::<Orders>([]).when(correct()).refused(RejectionCode::NotFound);
    given::<Orders>([was_created()]).when(CorrectText { text: String::new() }).invalid("/text");
}

#[test]
fn form_is_checked_before_the_state() {
    for (text, fits) in [
        (String::new(), false),
        ("a\0".to_owned(), false),
        ("x".repeat(2_000), true),
        ("x".repeat(2_001), false),
    ] {
        let outcome = given::<Orders>([was_created()]).when(CreateOrder { text, ..create() });
        if fits {
            outcome.refused(RejectionCode::AlreadyExists);
        } else {
            outcome.invalid("/text");
        }
    }
    for minor in [0, -1, 1_000_000_000_000_000] {
        let value = Money::from_minor(minor);
        given::<Orders>([]).when(CreateOrder { value, ..create() }).invalid("/value");
    }
    let tomorrow = Some("2026-11-21T00:00:00Z".parse().unwrap());
    let early = CreateOrder { ordered_at: tomorrow, ..create() };
    given::<Orders>([]).when(early).invalid("/orderedAt");
}

#[test]
fn form_of_the_usd_value() {
    let usd_rate = Rate::ZERO;
    given::<Orders>([was_created()])
        .when(AddUsdRateAndValue { usd_rate, ..add_usd() })
        .invalid("/usdRate");
    let usd_value = Money::from_minor(-1);
    given::<Orders>([was_created()])
        .when(AddUsdRateAndValue { usd_value, ..add_usd() })
        .invalid("/usdValue");
    let time = "2027-01-01T00:00:00Z".parse().unwrap();
    given::<Orders>([was_created()])
        .when(AddUsdRateAndValue { time, ..add_usd() })
        .invalid("/time");
}

fn any_command() -> impl Strategy<Value = OrderCommand> {
    let create = |(minor, text)| {
        OrderCommand::Create(CreateOrder { value: Money::from_minor(minor), text, ..create() })
    };
    let add = |minor| {
        OrderCommand::AddUsdRateAndValue(AddUsdRateAndValue {
            usd_rate: Rate::from_minor(minor),
            ..add_usd()
        })
    };
    prop_oneof![
        (-1..5_i64, "[a\n\u{0}]{0,2}").prop_map(create),
        (-1..5_i64).prop_map(add),
        Just(OrderCommand::RequireConfirmation(RequireConfirmation {})),
        Just(OrderCommand::Confirm(ConfirmOrder::default())),
        "[a\u{0}]{0,2}".prop_map(|text| OrderCommand::CorrectText(CorrectText { text })),
    ]
}

proptest! {
    #[test]
    fn any_history_keeps_the_rules(commands in proptest::collection::vec(any_command(), 0..40)) {
        let mut state = None;
        let mut log: Vec<OrderEvent> = Vec::new();
        for command in &commands {
            let decision = Orders::decide(state.as_ref(), command, now());
            prop_assert_eq!(&decision, &Orders::decide(state.as_ref(), command, now()));
            let events = decision.unwrap_or_default();
            prop_assert!(events.len() <= 1);
            state = events.iter().fold(state, Orders::evolve);
            log.extend(events);
        }
        prop_assert_eq!(&fold::<Orders>(&log), &state);
        let count = |name: &str| {
            log.iter().filter(|event| schemas::Messages::wire_type(*event) == name).count()
        };
        prop_assert_eq!(count("order_created"), usize::from(!log.is_empty()));
        prop_assert!(count("order_confirmed") <= 1 && count("order_confirmation_required") <= 1);
        if count("order_confirmed") == 1 {
            prop_assert_eq!(&state, &Some(Order { status: OrderStatus::Confirmed }));
            let again = Orders::decide(state.as_ref(), &ConfirmOrder::default().into(), now());
            let code = again.err().and_then(|rejection| rejection.known_code());
            prop_assert_eq!(code, Some(RejectionCode::RuleViolated));
        }
    }

    #[test]
    fn what_validates_is_never_refused_as_invalid(command in any_command()) {
        let valid = Orders::validate(&command, now()).is_empty();
        let code = Orders::decide(None, &command, now()).err().and_then(|r| r.known_code());
        prop_assert_eq!(valid, code != Some(RejectionCode::Invalid));
    }

    #[test]
    fn a_damaged_log_never_panics(order in proptest::collection::vec(0..4_usize, 0..10)) {
        let events = [was_created(), was_required(), was_confirmed(), was_valued()];
        let log: Vec<_> = order.iter().map(|index| events[*index].clone()).collect();
        let exists = order.contains(&0);
        prop_assert_eq!(fold::<Orders>(&log).is_some(), exists);
    }
}
