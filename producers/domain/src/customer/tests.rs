use proptest::prelude::*;
use schemas::customer::CreateCustomer;

use super::*;
use crate::testing::{fold, given, now};

const EMAIL: &str = "anna@example.com";

fn create(email: Option<&str>) -> CreateCustomer {
    CreateCustomer {
        name: "Anna".to_owned(),
        location: Some("Basel".to_owned()),
        email: email.map(str::to_owned),
    }
}

fn update(name: &str, email: Option<&str>) -> UpdateCustomer {
    UpdateCustomer {
        name: name.to_owned(),
        location: Some("Basel".to_owned()),
        email: email.map(str::to_owned),
    }
}

fn grant() -> GrantEmailPermission {
    GrantEmailPermission { source: "form".to_owned() }
}

fn withdraw() -> WithdrawEmailPermission {
    WithdrawEmailPermission { source: "link".to_owned() }
}

fn was_created(email: Option<&str>) -> CustomerEvent {
    let CreateCustomer { name, location, email } = create(email);
    CustomerEvent::Created(CustomerCreated { name, location, email })
}

fn was_updated(name: &str, email: Option<&str>) -> CustomerEvent {
    let UpdateCustomer { name, location, email } = update(name, email);
    CustomerEvent::Updated(CustomerUpdated { name, location, email })
}

fn was_granted() -> CustomerEvent {
    CustomerEvent::EmailPermissionGranted(CustomerEmailPermissionGranted {
        source: "form".to_owned(),
    })
}

#[test]
fn create_makes_a_customer_once() {
    given::<Customers>([]).when(create(Some(EMAIL))).then([was_created(Some(EMAIL))]);
    given::<Customers>([was_created(None)])
        .when(create(None))
        .refused(RejectionCode::AlreadyExists);
}

#[test]
fn update_replaces_the_data_of_an_existing_customer() {
    given::<Customers>([was_created(None)])
        .when(update("Bea", Some(EMAIL)))
        .then([was_updated("Bea", Some(EMAIL))]);
    given::<Customers>([]).when(update("Bea", None)).refused(RejectionCode::NotFound);
}

#[test]
fn update_to_the_present_data_makes_no_event() {
    given::<Customers>([was_created(Some(EMAIL)), was_granted()])
        .when(update("Anna", Some(EMAIL)))
        .then_nothing();
}

#[test]
fn update_that_removes_the_address_withdraws_the_permission() {
    given::<Customers>([was_created(Some(EMAIL)), was_granted()])
        .when(update("Anna", None))
        .then([was_updated("Anna", None), withdrawn(ADDRESS_REMOVED)]);
    given::<Customers>([was_created(Some(EMAIL))])
        .when(update("Anna", None))
        .then([was_updated("Anna", None)]);
}

#[test]
fn update_to_another_address_keeps_the_permission() {
    given::<Customers>([was_created(Some(EMAIL)), was_granted()])
        .when(update("Anna", Some("bea@example.com")))
        .then([was_updated("Anna", Some("bea@example.com"))]);
}

#[test]
fn permission_is_granted_and_withdrawn_once() {
    let known = || was_created(Some(EMAIL));
    given::<Customers>([known()]).when(grant()).then([was_granted()]);
    given::<Customers>([known(), was_granted()]).when(grant()).then_nothing();
    given::<Customers>([known(), was_granted()]).when(withdraw()).then([withdrawn("link")]);
    given::<Customers>([known()]).when(withdraw()).then_nothing();
    given::<Customers>([known(), was_granted(), withdrawn("link")])
        .when(grant())
        .then([was_granted()]);
}

#[test]
fn permission_needs_a_customer_with_an_address() {
    given::<Customers>([]).when(grant()).refused(RejectionCode::NotFound);
    given::<Customers>([]).when(withdraw()).refused(RejectionCode::NotFound);
    given::<Customers>([was_created(None)]).when(grant()).refused(RejectionCode::RuleViolated);
    given::<Customers>([was_created(None)]).when(withdraw()).refused(RejectionCode::RuleViolated);
}

#[test]
fn form_is_checked_before_the_state() {
    let empty = CreateCustomer { name: " ".to_owned(), ..create(None) };
    given::<Customers>([was_created(None)]).when(empty).invalid("/name");
    given::<Customers>([]).when(create(Some("anna"))).invalid("/email");
    given::<Customers>([]).when(update("An\0na", None)).invalid("/name");
    let far = CreateCustomer { location: Some("x".repeat(201)), ..create(None) };
    given::<Customers>([]).when(far).invalid("/location");
    let source = String::new();
    given::<Customers>([]).when(GrantEmailPermission { source }).invalid("/source");
    let source = "a\nb".to_owned();
    given::<Customers>([]).when(WithdrawEmailPermission { source }).invalid("/source");
}

#[test]
fn every_violation_is_named() {
    let command = CustomerCommand::Create(CreateCustomer {
        name: String::new(),
        location: Some("\u{7}".to_owned()),
        email: Some(String::new()),
    });
    let violations = Customers::validate(&command, now());
    let pointers: Vec<_> = violations.iter().map(|v| v.pointer).collect();
    assert_eq!(pointers, ["/name", "/location", "/email"]);
}

fn any_email() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(prop_oneof![
        Just("a@example.com".to_owned()),
        Just("b@example.com".to_owned()),
        Just("no address".to_owned()),
    ])
}

fn any_command() -> impl Strategy<Value = CustomerCommand> {
    let person = || ("[ab]{0,2}", proptest::option::of("[xy\u{0}]{0,1}"), any_email());
    let create =
        |(name, location, email)| CustomerCommand::Create(CreateCustomer { name, location, email });
    let update =
        |(name, location, email)| CustomerCommand::Update(UpdateCustomer { name, location, email });
    prop_oneof![
        1 => person().prop_map(create),
        3 => person().prop_map(update),
        2 => Just(CustomerCommand::GrantEmailPermission(grant())),
        1 => Just(CustomerCommand::WithdrawEmailPermission(withdraw())),
    ]
}

proptest! {
    #[test]
    fn any_history_keeps_the_rules(commands in proptest::collection::vec(any_command(), 0..40)) {
        let mut state = None;
        let mut log = Vec::new();
        for command in &commands {
            let decision = Customers::decide(state.as_ref(), command, now());
            prop_assert_eq!(&decision, &Customers::decide(state.as_ref(), command, now()));
            let events = decision.unwrap_or_default();
            let before = state.clone();
            state = events.iter().fold(state, Customers::evolve);
            // An event is a change.
            prop_assert_eq!(events.is_empty(), before == state);
            log.extend(events);
            if let Some(customer) = &state {
                prop_assert!(customer.email.is_some() || !customer.email_permission);
                prop_assert!(!customer.name.trim().is_empty());
            }
        }
        prop_assert_eq!(fold::<Customers>(&log), state);
        let creations = log.iter().filter(|e| matches!(e, CustomerEvent::Created(_))).count();
        prop_assert_eq!(creations, usize::from(!log.is_empty()));
    }

    #[test]
    fn what_validates_is_never_refused_as_invalid(command in any_command()) {
        let valid = Customers::validate(&command, now()).is_empty();
        let code = Customers::decide(None, &command, now()).err().and_then(|r| r.known_code());
        prop_assert_eq!(valid, code != Some(RejectionCode::Invalid));
    }
}
