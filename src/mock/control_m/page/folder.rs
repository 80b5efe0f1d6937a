//! A folder with its jobs, as HTML.

use super::super::engine::{Engine, Order, State, Unit};
use super::super::row::{Row, Times};
use crate::codec::markup::escape;

/// A folder that can be opened and closed; one that has ended OK is closed at first.
pub(super) fn section(engine: &Engine, order: &Order) -> String {
    let units: Vec<&Unit> = engine.units_of(order).collect();
    let jobs = || units.iter().filter(|unit| unit.is_job());
    let of_state = |wanted: State| jobs().filter(|unit| unit.state == wanted).count();
    let (ok, not_ok) = (of_state(State::Ended { ok: true }), of_state(State::Ended { ok: false }));
    let (total, first) = (jobs().count(), units.first());
    let status = first.map_or("", |unit| engine.status(unit));
    let open = if ok == total { "" } else { " open" };
    let failed = if not_ok == 0 { String::new() } else { format!(", {not_ok} not OK") };
    let ordered = engine.calendar().written(order.ordered_at, "%m-%d %H:%M:%S");
    let hidden = if order.visible_at > engine.now() { " · not visible yet" } else { "" };
    let rows: Vec<String> =
        units.iter().filter(|unit| unit.parent_id().is_some()).map(|unit| row(engine, unit)).collect();
    format!(
        "<details{open}><summary><b>{}</b> {} {ok} of {total} OK{failed} · ordered {ordered}{hidden} · run {}</summary>\
         <table><tr><th scope=col>Job<th scope=col>Type<th scope=col>Status<th scope=col>Runs<th scope=col>Start\
         <th scope=col>End<th scope=col>Waits for<th scope=col>Actions{}</table></details>",
        escape(&order.folder),
        pill(status),
        escape(&order.run_id),
        rows.concat()
    )
}

fn row(engine: &Engine, unit: &Unit) -> String {
    let row = Row::new(engine, unit, Times::Long);
    let path = match row.folder.split_once('/') {
        Some((_, below)) => format!("{below}/"),
        None => String::new(),
    };
    let flags = [(row.held, " held"), (row.deleted, " deleted")];
    let flags: String = flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, word)| word).collect();
    format!(
        "<tr><td>{}<td>{}<td>{}{flags}<td>{}<td>{}<td>{}<td>{}<td>{}",
        escape(&[path, row.name.clone()].concat()),
        escape(&row.kind),
        pill(&row.status),
        row.number_of_runs,
        row.start_time,
        row.end_time,
        escape(&engine.waiting_info(unit).join("; ")),
        actions(unit, &escape(&row.job_id))
    )
}

/// A status in its colour.
fn pill(status: &str) -> String {
    let class = match status {
        "Ended OK" => "ok",
        "Ended Not OK" => "bad",
        "Executing" => "run",
        _ => "wait",
    };
    format!("<span class={class}>{status}</span>")
}

/// Links to the log and the output, and a button for each thing that can be done.
fn actions(unit: &Unit, job_id: &str) -> String {
    let can = [
        ("hold", !unit.held && unit.state == State::Waiting),
        ("free", unit.held),
        ("confirm", unit.waits_for_user() && unit.state == State::Waiting),
        ("runNow", unit.state == State::Waiting),
        ("kill", unit.is_job() && unit.state == State::Executing),
        ("rerun", unit.is_job() && matches!(unit.state, State::Ended { .. })),
        ("setToOk", unit.is_job() && matches!(unit.state, State::Waiting | State::Ended { ok: false })),
        ("delete", !unit.deleted),
        ("undelete", unit.deleted),
    ];
    let button = |verb: &str| format!(r#"<button name="job" value="{verb} {job_id}">{verb}</button>"#);
    let buttons: String = can.iter().filter(|(_, can)| *can).map(|(verb, _)| button(verb)).collect();
    format!(
        r#"<a href="/job/{job_id}/log">log</a> <a href="/job/{job_id}/output">output</a>
<form method="post" action="/">{buttons}</form>"#
    )
}
