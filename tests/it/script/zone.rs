//! The zone of the machine is not seen by a script.

use std::process::Command;

use serde_json::Value;

/// What differs by the zone of a machine, if it is not held off.
const DATES: &str = r#"
    const texts = ["2026-01-02", "2026-01-02T03:04", "2026-01-02 03:04", "01-02-2026", "01/02/2026", "Jan 2 2026", "Fri Jan 02 2026 03:04:05 GMT+0200 (CET)",
        "Fri, 02 Jan 2026 03:04:05 GMT", "2026-01-02T03:04:05.678+02:00", "2 Jan 2026 03:04 EST", "2026", "2026-01", "no date"];
    const of = (it: any) => [it.getTime(), it.getDay(), it.getHours(), it.getYear(), it.getTimezoneOffset(), String(it), it.toLocaleString(),
        it.toDateString(), it.toTimeString()];
    const set = (deed: (it: any) => void) => { const it = new Date(0); deed(it); return it.getTime(); };
    export async function main() {
        return [texts.map((text) => [Date.parse(text), of(new Date(text))]), of(new Date(new String("01/02/2026") as any)), of(new Date(new Date(7))),
            of(new Date(2026, 5)), Date(), `${new Date(5)}`, (new Date(5) as any) - 1, new Date(2026, 5, 1) + "", set((it) => it.setHours(5)),
            set((it) => it.setYear(99)), set((it) => it.setMonth(7, 3)), JSON.stringify(new Date(99, 1)), new (class extends Date {})(3).getHours()];
    }"#;

/// What the script returns on a machine in a zone.
fn told(zone: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("dates.ts"), DATES).unwrap();
    let topology =
        format!("name: dates\nscript:\n  file: {}\n  reads: [{{ topic: events }}]\n", path("dates.ts").display());
    std::fs::write(path("dates.yaml"), topology).unwrap();
    std::fs::write(
        path("dates.scenario"),
        "topology dates.yaml\n\n# It begins.\nsend events at=0h key=t new:1\n----\n",
    )
    .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    let output = command.args(["test", "--update"]).arg(path("dates.scenario")).env("TZ", zone).output().unwrap();
    let played = std::fs::read_to_string(path("dates.scenario")).unwrap();
    let result = played.lines().find_map(|line| line.strip_prefix("forward workflow-result key=t "));
    result.unwrap_or_else(|| panic!("{output:?} {played}")).to_owned()
}

#[test]
fn the_zone_of_the_machine_is_not_seen() {
    let utc = told("UTC");
    for zone in ["America/New_York", "Asia/Kolkata", "Pacific/Apia"] {
        assert_eq!(told(zone), utc, "{zone}");
    }
    let read: Value = serde_json::from_str(&utc).unwrap();
    let millis: Vec<Option<i64>> = read[0].as_array().unwrap().iter().map(|it| it[0].as_i64()).collect();
    let (day, hour) = (1_767_312_000_000_i64, 3_600_000_i64);
    let noted =
        [0, 3 * hour + 240_000, 3 * hour + 240_000, 0, 0, 0, hour + 245_000, 3 * hour + 245_000, hour + 245_678];
    assert_eq!(millis[..9], noted.map(|after| Some(day + after)));
}
