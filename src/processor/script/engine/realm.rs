//! A script that runs, step by step.

use std::rc::Rc;

use rquickjs::loader::{BuiltinLoader, BuiltinResolver};
use rquickjs::{
    CatchResultExt as _, CaughtError, Context, Ctx, Exception, Function, Module, Object, Persistent, Runtime, Value,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::code::Code;
use super::failure::Failure;
use super::guard::CAUGHT;
use super::limits::Limits;
use super::native::{Counted, measure_from_here};
use super::places::{MODULE, Places};
use super::usage::Usage;

/// What a script finds around it, and the runtime library; each is a function of the object by which they and the realm know each other.
const LIBRARY: [&str; 2] = [include_str!("globals.js"), include_str!("prelude.js")];
/// The module that scripts import as `W`.
const WORKFLOW: &str = "@effectful/kafka-workflow";
/// The module that scripts import as `S`; here it has nothing to do.
const SERIALIZATION: &str = "@effectful/serialization";
/// What the engine says when its stack overflows (`JS_ThrowStackOverflow` of `QuickJS`), and when that happens in a regular expression.
const OVERFLOWS: [&str; 2] = ["Maximum call stack size exceeded", "stack overflow"];

/// An input of a thread, which is all that a step depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input<'a> {
    /// The id of the step: the offset of the record.
    pub step: &'a str,
    /// The timestamp of the record, in milliseconds since 1970.
    pub at: i64,
    /// What it is for.
    pub deed: Deed<'a>,
    /// True for a step that was taken before: the thread is run again.
    pub is_past: bool,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed<'a> {
    /// Begins the thread: calls `main` with this JSON.
    Begin(&'a str),
    /// Gives what waits for an id an event, as JSON.
    Resume(&'a str, &'a str),
    /// Cancels `main`.
    Cancel,
}

/// What a step has led to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Step {
    /// True if `main` has returned or thrown.
    pub ended: bool,
    /// What it begins anew with, as JSON, if it has returned `W.continueAsNew`.
    pub continues: Option<String>,
    /// The ids of what is waited for.
    pub refs: Vec<String>,
    /// The records, in order.
    pub outputs: Vec<Output>,
    /// What `W.version` has answered so far, by name.
    pub versions: Answered,
    /// What it has said to the console.
    pub lines: Vec<String>,
    /// The topics that are not declared, each with the place that wrote to it first: `trip.ts:7`.
    pub undeclared: Vec<(String, String)>,
}

/// What `W.version` has answered, by name, in the order of the first questions.
pub type Answered = Vec<(String, u32)>;

/// A record that a step writes: topic, key, value.
pub type Output = (String, String, Option<String>);

/// The topics of a script, by its own words, after its module-level code has run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Topics {
    /// Those that it may write to: `W.config.outputTopics`.
    pub outputs: Vec<String>,
    /// Those of results and errors, as far as there are any.
    pub ends: Vec<String>,
}

/// The names of the global objects and functions of a realm.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Globals {
    /// All of them.
    pub known: Vec<String>,
    /// Those that throw an error when they are used.
    pub refused: Vec<String>,
}

/// A thread of a script, with all that it holds. It belongs to the thread of the system that has made it.
pub struct Realm {
    // Values of a context have to be dropped before it.
    host: Persistent<Object<'static>>,
    context: Context,
    usage: Rc<Usage>,
    code: Code,
    /// What the last step waits for.
    refs: Vec<String>,
    _runtime: Runtime,
}

impl std::fmt::Debug for Realm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Realm").field("usage", &self.usage).finish_non_exhaustive()
    }
}

impl Realm {
    /// Loads a script: its module-level code runs.
    pub fn new(code: &Code, limits: Limits, answered: &Answered) -> Result<Self, Failure> {
        let engine = |error: rquickjs::Error| Failure::Engine(error.to_string());
        let usage = Rc::new(Usage::new(limits));
        let runtime = Runtime::new_with_alloc(Counted(Rc::clone(&usage))).map_err(engine)?;
        runtime.set_max_stack_size(limits.stack);
        let counted = Rc::clone(&usage);
        runtime.set_interrupt_handler(Some(Box::new(move || counted.interrupted())));
        let resolver = BuiltinResolver::default().with_module(WORKFLOW).with_module(SERIALIZATION);
        let loader = BuiltinLoader::default()
            .with_module(WORKFLOW, include_str!("workflow.js"))
            .with_module(SERIALIZATION, include_str!("serialization.js"));
        runtime.set_loader(resolver, loader);
        let context = Context::full(&runtime).map_err(engine)?;
        let started = context.with(|ctx| {
            measure_from_here(&ctx);
            load(&ctx, code, &usage, answered)
        });
        usage.check()?;
        let host = started.map_err(Failure::Threw)?;
        Ok(Self { host, context, usage, code: code.clone(), refs: Vec::new(), _runtime: runtime })
    }

    /// The topics of the script.
    pub fn topics(&self) -> Result<Topics, Failure> {
        self.asked("topics")
    }

    /// The names of what a script finds around it.
    pub fn globals() -> Result<Globals, Failure> {
        let code = Code {
            name: "globals.js".into(),
            javascript: "export function main() {}".into(),
            places: Places::default(),
        };
        Self::new(&code, Limits::default(), &Answered::new())?.asked("globals")
    }

    /// What a function of the library tells, which is JSON.
    fn asked<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        let told = self.context.with(|ctx| {
            let ask = || self.host.clone().restore(&ctx)?.get::<_, Function<'_>>(name)?.call::<_, String>(());
            ask().catch(&ctx).map_err(|error| told(error, &self.usage, &self.code))
        });
        self.usage.check()?;
        serde_json::from_str(&told.map_err(Failure::Threw)?).map_err(|error| Failure::Engine(error.to_string()))
    }

    /// The memory that it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.usage.bytes()
    }

    /// Runs a step until nothing is left to do. An event has to be for one of the ids of the step before it ([`Step::refs`]).
    pub fn step(&mut self, thread: &str, input: Input<'_>) -> Result<Step, Failure> {
        self.usage.begin();
        let ran = self.context.with(|ctx| {
            measure_from_here(&ctx);
            let run = || -> rquickjs::Result<String> {
                let host = self.host.clone().restore(&ctx)?;
                let (at, seed) = (input.at.to_string(), seed(thread, input.step));
                host.get::<_, Function<'_>>("prepare")?.call::<_, ()>((thread, input.step, at, seed, input.is_past))?;
                let (deed, value, waits) = match input.deed {
                    Deed::Begin(value) => ("begin", value, None),
                    Deed::Resume(waits, event) => ("resume", event, Some(waits)),
                    Deed::Cancel => ("cancel", "null", None),
                };
                host.get::<_, Function<'_>>("step")?.call((deed, value, waits))
            };
            run().catch(&ctx).map_err(|error| told(error, &self.usage, &self.code))
        });
        self.usage.check()?;
        let mut step: Step =
            serde_json::from_str(&ran.map_err(Failure::Threw)?).map_err(|error| Failure::Engine(error.to_string()))?;
        for (_, stack) in &mut step.undeclared {
            *stack = self.code.place(stack).unwrap_or_else(|| self.code.name.to_string());
        }
        self.refs.clone_from(&step.refs);
        Ok(step)
    }

    /// True if an event for this id is waited for.
    pub fn waits_for(&self, id: &str) -> bool {
        self.refs.iter().any(|known| known == id)
    }
}

/// Runs the runtime library, and the module-level code of a script; the object with the functions of the library.
fn load(
    ctx: &Ctx<'_>,
    code: &Code,
    usage: &Rc<Usage>,
    answered: &Answered,
) -> Result<Persistent<Object<'static>>, String> {
    // Names and numbers always serialize.
    let json = serde_json::to_string(answered).unwrap_or_default();
    let run = || -> rquickjs::Result<Persistent<Object<'static>>> {
        let host = Object::new(ctx.clone())?;
        host.set("caught", caught(ctx, usage)?)?;
        host.set("charge", charge(ctx, usage)?)?;
        for part in LIBRARY {
            ctx.eval::<Function<'_>, _>(part)?.call::<_, ()>((host.clone(),))?;
        }
        let modules: Object<'_> = host.get("modules")?;
        ctx.globals().set("__modules", modules.clone())?;
        let module = Module::declare(ctx.clone(), MODULE, &*code.javascript)?;
        let (module, evaluated) = module.eval()?;
        evaluated.finish::<()>()?;
        let named: Value<'_> = module.get("main")?;
        let main = if named.is_function() { named } else { module.get("default")? };
        if !main.is_function() {
            return Err(Exception::throw_type(ctx, "the script exports no function `main`, and none by default"));
        }
        host.get::<_, Function<'_>>("setVersions")?.call::<_, ()>((json,))?;
        host.get::<_, Function<'_>>("setMain")?.call::<_, ()>((main,))?;
        ctx.globals().remove("__modules")?;
        Ok(Persistent::save(ctx, host))
    };
    run().catch(ctx).map_err(|error| told(error, usage, code))
}

/// What is called with each error that is caught, and returns it.
fn caught<'js>(ctx: &Ctx<'js>, usage: &Rc<Usage>) -> rquickjs::Result<Function<'js>> {
    let usage = Rc::clone(usage);
    let caught = move |error: Value<'js>| {
        if is_overflow(&error) {
            usage.too_deep();
        }
        error
    };
    Function::new(ctx.clone(), caught)?.with_name(CAUGHT)
}

/// What is called before work that the engine is not interrupted in.
fn charge<'js>(ctx: &Ctx<'js>, usage: &Rc<Usage>) -> rquickjs::Result<Function<'js>> {
    let usage = Rc::clone(usage);
    let charge = move |ctx: Ctx<'js>, work: u32| {
        if usage.charged(work) {
            return Err(Exception::throw_range(&ctx, "the step takes too long"));
        }
        Ok(())
    };
    Function::new(ctx.clone(), charge)
}

/// True for the error that the engine throws when its stack overflows.
fn is_overflow(error: &Value<'_>) -> bool {
    let message = |error: &Exception<'_>| error.message();
    error.as_exception().and_then(message).is_some_and(|message| OVERFLOWS.contains(&message.as_str()))
}

/// The text of what was thrown.
fn told(error: CaughtError<'_>, usage: &Usage, code: &Code) -> String {
    match error {
        CaughtError::Exception(exception) => {
            if is_overflow(exception.as_value()) {
                usage.too_deep();
            }
            let message = exception.message().unwrap_or_default();
            let place = exception.stack().and_then(|stack| code.place(&stack));
            place.map_or_else(|| message.clone(), |place| format!("{place}: {message}"))
        }
        CaughtError::Value(value) => {
            let text = value.as_string().and_then(|text| text.to_string().ok());
            text.unwrap_or_else(|| format!("a value that is no error: {}", value.type_name()))
        }
        CaughtError::Error(error) => error.to_string(),
    }
}

/// The seed of a step's chance: a function of thread and step, by `SplitMix64` over their bytes.
fn seed(thread: &str, step: &str) -> Vec<i32> {
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut next = |more: u64| {
        state = state.wrapping_add(more).wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut it = state;
        it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        state ^= it ^ (it >> 31);
        state
    };
    for byte in thread.bytes().chain([0]).chain(step.bytes()) {
        next(u64::from(byte));
    }
    let (first, second) = (next(1), next(2));
    let half = |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap_or_default().cast_signed();
    let halves = |word: u64| [half(word), half(word >> 32)];
    [halves(first), halves(second)].concat()
}
