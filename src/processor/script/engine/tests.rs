//! Tests: scripts step by step, in one realm and in a new one for each step.

use super::*;

const TRIP: &str = include_str!("fixtures/trip.ts");

fn code(source: &str) -> Code {
    Code::new("test.ts", source).unwrap()
}

/// The steps of a thread by these inputs, `new:` and JSON or JSON; each step in a realm that has replayed all before it.
fn cold(code: &Code, inputs: &[&str]) -> Vec<Step> {
    (1..=inputs.len()).map(|end| warm(code, &inputs[..end]).pop().unwrap()).collect()
}

/// The same in one realm.
fn warm(code: &Code, inputs: &[&str]) -> Vec<Step> {
    let mut realm = Realm::new(code, Limits::default(), &Answered::new()).unwrap();
    inputs.iter().enumerate().map(|(at, text)| step(&mut realm, at, text).unwrap()).collect()
}

fn step(realm: &mut Realm, at: usize, text: &str) -> Result<Step, Failure> {
    let begin = text.strip_prefix("new:");
    let id = at.to_string();
    let millis = 1_767_225_600_000 + i64::try_from(at).unwrap() * 1000;
    let event: serde_json::Value = serde_json::from_str(begin.unwrap_or(text)).unwrap();
    let deed = begin.map_or_else(|| Deed::Resume(event["ref"].as_str().unwrap(), text), Deed::Begin);
    realm.step("t", Input { step: &id, at: millis, deed, is_past: false })
}

fn both(source: &str, inputs: &[&str]) -> Vec<Step> {
    let code = code(source);
    let steps = warm(&code, inputs);
    assert_eq!(cold(&code, inputs), steps, "a realm that has replayed is the same");
    steps
}

/// The records of a step as `topic key value`.
fn records(step: &Step) -> Vec<String> {
    let text = |(topic, key, value): &Output| format!("{topic} {key} {}", value.as_deref().unwrap_or("null"));
    step.outputs.iter().map(text).collect()
}

/// What `main` returns, at once.
fn result(body: &str) -> String {
    let source =
        format!("import * as W from '@effectful/kafka-workflow';\nexport async function main(input: any) {{ {body} }}");
    let steps = both(&source, &["new:{}"]);
    assert!(steps[0].ended, "{steps:?}");
    steps[0].outputs.last().unwrap().2.clone().unwrap()
}

fn fails(source: &str, limits: Limits) -> Failure {
    let mut realm = Realm::new(&code(source), limits, &Answered::new()).unwrap();
    step(&mut realm, 0, "new:{}").expect_err("it fails")
}

#[test]
fn a_saga_goes_on_and_is_undone() {
    let begin = ["reserve t car", "reserve t hotel", "reserve t flight", "schedule t|{\"ref\":\"0:1\"} 1000"];
    let done = both(
        TRIP,
        &[
            "new:{}",
            r#"{"ref":"hotel","value":"h"}"#,
            r#"{"ref":"car","value":"c"}"#,
            r#"{"ref":"flight","value":"f"}"#,
        ],
    );
    assert_eq!(records(&done[0]), begin);
    assert_eq!((done[1].outputs.len(), done[2].refs.as_slice()), (0, &["flight".to_owned(), "0:1".to_owned()][..]));
    let end = ["schedule t|{\"ref\":\"0:1\"} null", r#"workflow-result t ["c","h","f"]"#];
    assert_eq!((records(&done[3]), done[3].ended), (end.map(str::to_owned).to_vec(), true));

    let late = both(
        TRIP,
        &["new:{\"ms\":5}", r#"{"ref":"hotel","value":"h"}"#, r#"{"ref":"car","value":"c"}"#, r#"{"ref":"0:1"}"#],
    );
    let undone = ["cancel t car c", "cancel t hotel h", r#"workflow-error t "too late""#];
    assert_eq!((records(&late[3]), late[3].ended, late[3].refs.len()), (undone.map(str::to_owned).to_vec(), true, 0));

    let refused = both(TRIP, &["new:{}", r#"{"ref":"car","value":"c"}"#, r#"{"ref":"flight","error":{"code":7}}"#]);
    let undone = ["schedule t|{\"ref\":\"0:1\"} null", "cancel t car c", r#"workflow-error t "[object Object]""#];
    assert_eq!(records(&refused[2]), undone);
}

#[test]
fn time_chance_and_zone_are_those_of_the_step() {
    assert_eq!(
        result(
            "return [Date.now(), new Date().toISOString(), new Date(2026, 0, 2, 3).getHours(), new Date().getTimezoneOffset()]"
        ),
        r#"[1767225600000,"2026-01-01T00:00:00.000Z",3,0]"#
    );
    assert_eq!(
        result("return [Date.parse('2026-01-01T00:00'), new Date('Jan 1 2026 00:00').getTime(), String(new Date(0))]"),
        r#"[1767225600000,1767225600000,"Thu, 01 Jan 1970 00:00:00 GMT"]"#
    );
    let chance = result("return [Math.random(), Math.random(), Math.random()]");
    let numbers: Vec<f64> = serde_json::from_str(&chance).unwrap();
    assert!(numbers.iter().all(|it| (0.0..1.0).contains(it)) && numbers[0] < numbers[1].max(numbers[2]), "{chance}");
    assert_ne!(
        both("export async function main() { return Math.random() }", &["new:1"])[0].outputs[0].2.as_deref(),
        Some("0")
    );
}

#[test]
fn what_differs_between_runs_is_refused_by_name() {
    for call in [
        "setTimeout(() => {})",
        "fetch('x')",
        "new (WeakRef as any)({})",
        "new (FinalizationRegistry as any)(() => {})",
        "require('x')",
    ] {
        let told = result(&format!("try {{ return {call}; }} catch (error: any) {{ return error.message }}"));
        assert!(told.contains(" is not there: "), "{told}");
    }
    for name in ["performance", "Atomics", "process"] {
        assert_eq!(result(&format!("return typeof {name}")), r#""undefined""#);
        let told = result(&format!("try {{ return {name}; }} catch (error: any) {{ return error.message }}"));
        assert!(told.contains(name), "{told}");
    }
    for text in [
        "eval('1')",
        "Function('return 1')",
        "(async function(){}).constructor('return 1')",
        "(() => 1).constructor('1')",
    ] {
        let told = result(&format!("try {{ return {text}; }} catch (error) {{ return error.message }}"));
        assert!(told.contains("code in a text is not there"), "{text}: {told}");
    }
}

#[test]
fn promises_are_as_usual_and_cancelled_where_they_wait() {
    assert_eq!(result("return await Promise.all([1, Promise.resolve(2), { then(done: any) { done(3) } }])"), "[1,2,3]");
    assert_eq!(result("return await Promise.any([Promise.reject(1), Promise.resolve(2)])"), "2");
    assert_eq!(
        result("const all = await Promise.allSettled([Promise.reject(1), 2]); return all.map((it: any) => it.status)"),
        r#"["rejected","fulfilled"]"#
    );
    assert_eq!(result("try { await Promise.any([]) } catch (error: any) { return error.name }"), r#""AggregateError""#);
    assert_eq!(
        result(
            "return await new Promise((done) => done(Promise.resolve(1))).then((it: any) => it + 1).finally(() => 7)"
        ),
        "2"
    );
    let order = "const told: string[] = []; const a = async () => { told.push('a'); await null; told.push('c') }; const it = a(); told.push('b'); await it; return told";
    assert_eq!(result(order), r#"["a","b","c"]"#);
    let cancelled = "const waits = W.suspend(); const inner = async () => { try { await waits } catch (e) { return e instanceof W.CancelToken } };
        const outer = async () => await inner(); const it = outer(); await null; W.cancel(it); return await it";
    assert_eq!(result(cancelled), "true");
    assert_eq!(result("await Promise.all([]); return [await Promise.race([1, W.suspend()])]"), "[1]");
}

#[test]
fn a_cancel_is_not_lost_where_what_is_waited_for_is_there_already() {
    let source = "import * as W from '@effectful/kafka-workflow';
        const told: string[] = [];
        const quick = async () => 1;
        async function slow() { try { await quick(); await quick(); await W.suspend('slow'); } catch (e) { told.push(e instanceof W.CancelToken ? 'cancelled' : 'other'); throw e } }
        async function fast() { await quick(); throw 'fast' }
        export default async function() { try { await Promise.all([slow(), fast()]) } catch (e) { told.push(String(e)) } await W.suspend('next'); return told }";
    let steps = both(source, &["new:{}", r#"{"ref":"next"}"#]);
    assert_eq!(steps[0].refs, ["next"]);
    assert_eq!(records(&steps[1]), [r#"workflow-result t ["cancelled","fast"]"#]);
}

#[test]
fn a_cancel_is_not_lost_between_what_is_decided_and_what_waits_for_it() {
    // Found by a review: a decided `Promise.all`, and a call that is cancelled by what it runs itself.
    let decided = "import * as W from '@effectful/kafka-workflow';
        const slow = async () => { await null; await Promise.all([1, 2]); await W.suspend('slow') };
        const fast = async () => { throw 'fast' };
        export async function main() { try { await Promise.all([slow(), fast()]) } catch {} await W.suspend('next') }";
    assert_eq!(both(decided, &["new:{}"])[0].refs, ["next"]);
    let within = "import * as W from '@effectful/kafka-workflow';
        export async function main() { const a: any = (async () => { await b(); await W.suspend('x') })(); async function b() { await null; W.cancel(a) }
            try { await a } catch (e) { return e instanceof W.CancelToken } }";
    assert_eq!(records(&both(within, &["new:{}"])[0]), ["workflow-result t true"]);
}

#[test]
fn what_is_cancelled_has_ended_or_waits_anew_before_what_waits_for_the_whole_goes_on() {
    let source = "import * as W from '@effectful/kafka-workflow';
        const told: string[] = [];
        const inner = async () => { await W.suspend('x') };
        const middle = async () => { try { await inner() } catch (e) { told.push('middle'); throw e } };
        const outer = async () => { try { await middle() } finally { told.push('outer') } };
        const other = async () => { try { await W.suspend('y') } catch (e) { told.push('other'); await W.suspend('z'); told.push('never') } };
        export async function main() { try { await Promise.race([outer(), other(), W.suspend('limit')]) } finally { told.push('main'); await W.suspend('end') } return told }";
    let steps = both(source, &["new:{}", r#"{"ref":"limit"}"#, r#"{"ref":"end"}"#]);
    assert_eq!(steps[1].refs, ["z", "end"]);
    assert_eq!(records(&steps[2]), [r#"workflow-result t ["other","middle","outer","main"]"#]);
}

#[test]
fn an_id_is_waited_for_once_and_an_error_needs_no_text() {
    let twice = "import * as W from '@effectful/kafka-workflow';
        export async function main() { try { await Promise.all([W.suspend('a'), W.suspend('a')]) } catch (e: any) { return e.message } }";
    let told = "workflow-result t \"W.suspend: the thread waits for `a` already\"";
    assert_eq!(records(&both(twice, &["new:{}"])[0]), [told]);
    let again = "import * as W from '@effectful/kafka-workflow';
        export async function main() { return [await W.suspend('a'), await W.suspend('a')] }";
    let steps = both(again, &["new:{}", r#"{"ref":"a","value":1}"#, r#"{"ref":"a","value":2}"#]);
    assert_eq!(records(&steps[2]), ["workflow-result t [1,2]"]);
    for thrown in ["Object.create(null)", "{ toString: 1, valueOf: 1 }"] {
        let source = format!("export async function main() {{ throw {thrown} }}");
        assert_eq!(records(&both(&source, &["new:{}"])[0]), [r#"workflow-error t "an error without a text""#]);
    }
    let plain = "export function main() { throw new Error('no') }";
    assert_eq!(records(&both(plain, &["new:{}"])[0]), [r#"workflow-error t "Error: no""#]);
}

#[test]
fn what_fails_before_or_after_the_body_is_the_end_of_the_thread_too() {
    let of = |source: &str, input: &str| records(&both(source, &[input])[0]);
    let parameters = of("export async function main({ ms = 1 }) { return ms }", "new:null");
    assert!(parameters[0].starts_with("workflow-error t \"TypeError"), "{parameters:?}");
    let result = of("export async function main() { const it: any = {}; it.it = it; return it }", "new:null");
    assert!(result[0].starts_with("workflow-error t \"TypeError"), "{result:?}");
    assert_eq!(of("export async function main() {}", "new:1"), ["workflow-result t null"]);
    let none = Realm::new(&code("export const x = 1;"), Limits::default(), &Answered::new());
    assert!(matches!(none, Err(Failure::Threw(text)) if text.contains("exports no function `main`")));
}

#[test]
fn a_step_that_takes_too_much_fails() {
    let main = |body: &str| format!("export async function main() {{ {body} }}");
    let limits = Limits { interruptions: 100, ..Limits::default() };
    assert_eq!(fails(&main("for (;;);"), limits), Failure::TooLong(100));
    assert_eq!(fails(&main("for (;;) { try { for (;;); } catch { } }"), limits), Failure::TooLong(100));
    assert_eq!(fails(&main("for (;;) await null"), limits), Failure::TooLong(100));
    assert_eq!(fails(&main("/(a+)+b/.test('a'.repeat(40))"), limits), Failure::TooLong(100));
    let all = Limits { interruptions_of_all: 50, ..Limits::default() };
    assert_eq!(fails(&main("for (;;);"), all), Failure::TooLongInAll(50));
}

#[test]
fn a_script_cannot_catch_that_it_takes_too_much() {
    let main = |body: &str| format!("export async function main() {{ {body} }}");
    let memory = Failure::OutOfMemory(Limits::default().memory);
    let fill = "const all: any[] = []; for (;;) all.push(new Uint8Array(1 << 20));";
    let text = "let it = 'x'; for (;;) it = (it + it).toUpperCase();";
    for body in [fill, text] {
        assert_eq!(fails(&main(body), Limits::default()), memory, "{body}");
        assert_eq!(
            fails(&main(&format!("try {{ {body} }} catch {{ }} return 7;")), Limits::default()),
            memory,
            "{body}"
        );
        let finally = format!("for (;;) {{ try {{ {body} }} finally {{ break; }} }} return 7;");
        assert_eq!(fails(&main(&finally), Limits::default()), memory, "{body}");
    }
    let deep = "const f = (): any => f() + 1; return f();";
    let json =
        "let nested: any = []; for (let i = 0; i < 100000; i++) nested = [nested]; return JSON.stringify(nested);";
    for body in [deep, json] {
        assert_eq!(fails(&main(body), Limits::default()), Failure::TooDeep, "{body}");
        assert_eq!(
            fails(&main(&format!("try {{ {body} }} catch {{ }} return 7;")), Limits::default()),
            Failure::TooDeep,
            "{body}"
        );
        assert_eq!(
            fails(&main(&format!("try {{ {body} }} finally {{ return 7; }}")), Limits::default()),
            Failure::TooDeep,
            "{body}"
        );
        let handler = format!("try {{ throw 1 }} catch ({{ it }}: any) {{ {body} }} finally {{ return it; }} var it;");
        assert_eq!(fails(&main(&handler), Limits::default()), Failure::TooDeep, "{body}");
        let promised = format!("return await new Promise(() => {{ {body} }}).catch(() => 7);");
        assert_eq!(fails(&main(&promised), Limits::default()), Failure::TooDeep, "{body}");
    }
    let count = "let n = 0; const f = (): any => { n++; return f() + 1 };";
    for body in [
        "try { throw {} } catch ({ a = f() }: any) { } finally { return n }",
        "try { new RegExp('(?:'.repeat(1 << 16) + ')'.repeat(1 << 16)) } catch { return 7 }",
        "try { JSON.parse('['.repeat(1 << 20)) } catch { return 7 }",
    ] {
        assert_eq!(fails(&main(&format!("{count} {body}")), Limits::default()), Failure::TooDeep, "{body}");
    }
    let told = result("try { throw new RangeError('no') } catch (error: any) { return error.message }");
    assert_eq!(told, "\"no\"");
}

#[test]
fn what_the_engine_is_not_interrupted_in_is_counted() {
    let main = |body: &str| format!("export async function main() {{ {body} }}");
    let long = "const it: any = 'a'.repeat(1 << 20);";
    for body in [
        "[].sort.call({ length: 2 ** 53 - 1 } as any)",
        "[].reverse.call({ length: 2 ** 53 - 1 } as any)",
        "new Array(2 ** 32 - 1).forEach(() => {})",
        "new Array(2 ** 32 - 1).join('')",
        "(it + it).indexOf(it + 'b')",
        "(it + it).indexOf([it + 'b'])",
        "(it + it).split(it + 'b')",
        "(it + it).replaceAll(it + 'b', 'c')",
        "it.normalize()",
        "it.localeCompare(it)",
    ] {
        assert_eq!(fails(&main(&format!("{long} {body}")), Limits::default()), Failure::TooLong(1_000), "{body}");
        let caught = main(&format!("{long} try {{ {body} }} catch {{ }} return 7"));
        assert_eq!(fails(&caught, Limits::default()), Failure::TooLong(1_000), "{body}");
    }
    let all = "['a,b'.split(','), 'ab'.replace(/b/, 'c'), 'abc'.includes('bc'), 'aba'.lastIndexOf('a', 1), [3, 1, 2].sort(), 'a1'.split(/\\d/), 'ab'.indexOf(undefined as any)]";
    assert_eq!(result(&format!("return {all}")), r#"[["a","b"],"ac",true,0,[1,2,3],["a",""],-1]"#);
    assert_eq!(
        result(
            "return [[].concat.name, 'e\u{301}'.normalize().length, Array(1000).fill(1).map((it) => it + 1).length]"
        ),
        r#"["concat",1,1000]"#
    );
}

#[test]
fn what_no_thread_can_wait_in_is_refused_with_its_place() {
    for (source, place) in [
        ("export async function main() {}\nasync function* f() {}", "test.ts:2:1: async generators are not there"),
        ("export async function main() {\n  for await (const x of []) ; }", "test.ts:2:3: `for await` is not there"),
        ("export async function main() { await import('x') }", "test.ts:1:38: `import()` is not there"),
        ("await 1; export async function main() { }", "test.ts:1:1: `await` outside of a function"),
        ("export function main() { __sheafCaught(1) }", "test.ts:1:26: `__sheafCaught` is a name"),
    ] {
        let mistake = Code::new("test.ts", source).expect_err(source).to_string();
        assert!(mistake.starts_with(place), "{mistake}");
    }
    assert!(
        result("try { return await Array.fromAsync([1]) } catch (error: any) { return error.message }")
            .contains("Array.fromAsync is not there")
    );
}

#[test]
fn mistakes_have_their_place() {
    let mistake = Code::new("shop.ts", "export async function main() {\n  return 1 +;\n}").expect_err("no script");
    assert!(mistake.to_string().starts_with("shop.ts:2:13: "), "{mistake}");
    assert!(Code::new("shop.py", "").expect_err("no script").to_string().contains("`.ts`"));
    let lines = "interface It {\n  a: number;\n}\n\nexport async function main() {}\nconst f = () => {\n  throw new Error('no');\n};\nf();";
    let threw = Realm::new(&code(lines), Limits::default(), &Answered::new()).unwrap_err();
    assert_eq!(threw.to_string(), "test.ts:7: no");
    let value = Realm::new(&code("throw 'no'; export async function main() {}"), Limits::default(), &Answered::new());
    assert_eq!(value.unwrap_err().to_string(), "no");
    let undeclared = "import * as W from '@effectful/kafka-workflow';\n\ntype T = 1;\nexport async function main() {\n  try {\n    W.output('x', 'nowhere');\n  } finally {}\n}";
    assert_eq!(both(undeclared, &["new:1"])[0].undeclared, [("nowhere".to_owned(), "test.ts:6".to_owned())]);
}
