use proptest::prelude::*;
use schemas::campaign::{CompleteCampaign, CutPosition, FixAudience, PauseCampaign, StartCampaign};

use super::*;
use crate::testing::{fold, given};

fn create() -> CreateCampaign {
    CreateCampaign {
        name: "Spring".to_owned(),
        subject: "Hello {{ name }}".to_owned(),
        body: "<p>Dear {{ name }},</p>\n<p>thank you.</p>".to_owned(),
        audience_class: None,
    }
}

fn fix() -> FixAudience {
    FixAudience { customers: 539, cut: vec![CutPosition { partition: 0, next_offset: 17 }] }
}

fn was_created() -> CampaignEvent {
    created(create())
}

fn was_started() -> CampaignEvent {
    CampaignStarted {}.into()
}

fn was_fixed() -> CampaignEvent {
    let FixAudience { customers, cut } = fix();
    CampaignAudienceFixed { customers, cut }.into()
}

fn was_paused() -> CampaignEvent {
    CampaignPaused {}.into()
}

fn was_completed() -> CampaignEvent {
    CampaignCompleted {}.into()
}

#[test]
fn create_prepares_a_campaign_once_for_class_b() {
    given::<Campaigns>([]).when(create()).then([was_created()]);
    let CampaignEvent::Created(campaign) = was_created() else { panic!("another event") };
    assert_eq!(campaign.audience_class, CustomerClass::B);
    given::<Campaigns>([was_created()]).when(create()).refused(RejectionCode::AlreadyExists);
}

#[test]
fn texts_have_a_form() {
    let empty = String::new;
    given::<Campaigns>([]).when(CreateCampaign { name: empty(), ..create() }).invalid("/name");
    given::<Campaigns>([]).when(CreateCampaign { body: empty(), ..create() }).invalid("/body");
    let injected = "Hello\nBcc: everybody@example.org".to_owned();
    given::<Campaigns>([])
        .when(CreateCampaign { subject: injected, ..create() })
        .invalid("/subject");
}

#[test]
fn templates_are_tried_before_anybody_is_written_to() {
    let subject = |text: &str| CreateCampaign { subject: text.to_owned(), ..create() };
    given::<Campaigns>([]).when(subject("Hello {{ nmae }}")).invalid("/subject");
    let body = CreateCampaign { body: "<p>{{ name }</p>".to_owned(), ..create() };
    given::<Campaigns>([]).when(body).invalid("/body");
}

#[test]
fn start_begins_and_resumes() {
    given::<Campaigns>([was_created()]).when(StartCampaign {}).then([was_started()]);
    let paused = [was_created(), was_started(), was_paused()];
    given::<Campaigns>(paused).when(StartCampaign {}).then([was_started()]);
    given::<Campaigns>([]).when(StartCampaign {}).refused(RejectionCode::NotFound);
    let running = [was_created(), was_started()];
    given::<Campaigns>(running).when(StartCampaign {}).refused(RejectionCode::RuleViolated);
    let over = [was_created(), was_started(), was_completed()];
    given::<Campaigns>(over).when(StartCampaign {}).refused(RejectionCode::RuleViolated);
}

#[test]
fn the_audience_is_fixed_once_after_the_start() {
    let running = || [was_created(), was_started()];
    given::<Campaigns>(running()).when(fix()).then([was_fixed()]);
    given::<Campaigns>(running().into_iter().chain([was_paused()])).when(fix()).then([was_fixed()]);
    given::<Campaigns>(running().into_iter().chain([was_fixed()]))
        .when(fix())
        .refused(RejectionCode::RuleViolated);
    given::<Campaigns>([was_created()]).when(fix()).refused(RejectionCode::RuleViolated);
}

#[test]
fn pause_and_complete() {
    let running = || [was_created(), was_started()];
    given::<Campaigns>(running()).when(PauseCampaign {}).then([was_paused()]);
    given::<Campaigns>([was_created()]).when(PauseCampaign {}).refused(RejectionCode::RuleViolated);
    given::<Campaigns>(running()).when(CompleteCampaign {}).then([was_completed()]);
    given::<Campaigns>(running().into_iter().chain([was_paused()]))
        .when(CompleteCampaign {})
        .then([was_completed()]);
    given::<Campaigns>([was_created()])
        .when(CompleteCampaign {})
        .refused(RejectionCode::RuleViolated);
}

proptest! {
    #[test]
    fn whatever_is_decided_can_be_folded(commands in prop::collection::vec(0..5_u8, 0..12)) {
        let mut events = Vec::new();
        for number in commands {
            let command: CampaignCommand = match number {
                0 => create().into(),
                1 => StartCampaign {}.into(),
                2 => fix().into(),
                3 => PauseCampaign {}.into(),
                _ => CompleteCampaign {}.into(),
            };
            let state = fold::<Campaigns>(&events);
            if let Ok(made) = Campaigns::decide(state.as_ref(), &command, crate::testing::now()) {
                let folded = made.iter().fold(state.clone(), Campaigns::evolve);
                prop_assert!(folded.is_some());
                prop_assert_ne!(folded, state);
                events.extend(made);
            }
        }
        let fixed = events.iter().filter(|event| matches!(event, CampaignEvent::AudienceFixed(_)));
        prop_assert!(fixed.count() <= 1);
    }
}
