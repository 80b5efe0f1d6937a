//! Reports deviations: counted, and alerted once each.

use super::classify::Arrival;
use super::state::REPORTED_MAX;
use super::{Bundle, EventOutcome, Fingerprint, Gathering, Member, Report, Role, Story, count};
use crate::processor::Effect;

impl Bundle {
    /// The effects of a deviating event; `story` is what is known of the bundle.
    pub(super) fn report(
        &self,
        deviation: EventOutcome,
        story: &mut Story,
        arrival: &Arrival<'_>,
        alert: &dyn Fn() -> Effect,
    ) -> Vec<Effect> {
        let report = self.rules.reports.of(deviation);
        if report != Report::Alert {
            story.timeline().event(arrival.role, &arrival.member, deviation);
        }
        match report {
            Report::Alert => self.report_content(deviation, story, arrival.content(), alert),
            Report::Count => vec![count::event(arrival.role, deviation)],
            Report::Ignore => vec![count::event(arrival.role, EventOutcome::Ignored)],
        }
    }

    /// The effects of a deviating member; its content is its role, the member and the hash of its value.
    pub(super) fn report_content(
        &self,
        deviation: EventOutcome,
        story: &mut Story,
        content: (Role, &Member, u128),
        alert: impl Fn() -> Effect,
    ) -> Vec<Effect> {
        let counted = count::event(content.0, deviation);
        story.timeline().event(content.0, content.1, deviation);
        match self.rules.reports.of(deviation) {
            Report::Alert if once(&mut story.reported, content) => vec![counted, alert()],
            Report::Alert | Report::Count => vec![counted],
            Report::Ignore => vec![count::event(content.0, EventOutcome::Ignored)],
        }
    }
}

impl Gathering {
    /// Remembers an event of which an alert has told, so that its repetition has none.
    pub(super) fn report_also(&mut self, content: (Role, &Member, u128)) {
        once(&mut self.story.reported, content);
    }
}

/// Remembers an event that is alerted. False if it was alerted before, or if the bundle has reached its limit of alerts.
fn once(reported: &mut Vec<Fingerprint>, (role, member, digest): (Role, &Member, u128)) -> bool {
    let name = Fingerprint::of_member(role, member.name.as_deref(), &member.id);
    let fingerprint = name.of_content(digest);
    let is_reported = || reported.contains(&fingerprint) || reported.contains(&name.of_bytes(&member.content));
    if reported.len() >= REPORTED_MAX || is_reported() {
        return false;
    }
    reported.push(fingerprint);
    true
}
