//! A script that runs, step by step.

use std::rc::Rc;

use rquickjs::loader::{BuiltinLoader, BuiltinResolver};
use rquickjs::{
    CatchResultExt as _, CaughtError, Context, Ctx, Exception, Function, Module, Object, Persistent, Runtime, Value,
};
use serde::Deserialize;

use super::code::Code;
use super::failure::Failure;
use super::guard::CAUGHT;
use super::limits::Limits;
use super::memory::Counted;
use super::usage::Usage;

/// What a script finds around it, and the runtime library; each is a function of the object by which they and the realm know each other.
const LIBRARY: [&str; 2] = [include_str!("globals.js"), include_str!("prelude.js")];
/// The module that scripts import as `W`.
const WORKFLOW: &str = "@effectful/kafka-workflow";
/// The module that scripts import as `S`; here it has nothing to do.
const SERIALIZATION: &str = "@effectful/serialization";
/// What the engine says when its stack overflows (`JS_ThrowStackOverflow` of `QuickJS`).
const OVERFLOW: &str = "Maximum call stack size exceeded";

/// An input of a thread, which is all that a step depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input<'a> {
    /// The id of the step: the offset of its record.
    pub step: &'a str,
    /// The timestamp of the record, in milliseconds since 1970.
    pub at: i64,
    /// What the event is for; `None` begins the thread.
    pub waits: Option<&'a str>,
    /// The argument of `main`, or the event, as JSON.
    pub text: &'a str,
}

/// What a step has led to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Step {
    /// True if `main` has returned or thrown.
    pub ended: bool,
    /// The ids of what is waited for.
    pub refs: Vec<String>,
    /// The records, in order.
    pub outputs: Vec<Output>,
}

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

/// A thread of a script, with all that it holds. It belongs to the thread of the system that has made it.
pub struct Realm {
    // Values of a context have to be dropped before it.
    step: Persistent<Function<'static>>,
    on_step: Persistent<Function<'static>>,
    context: Context,
    usage: Rc<Usage>,
    topics: Topics,
    _runtime: Runtime,
}

impl std::fmt::Debug for Realm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Realm").field("usage", &self.usage).finish_non_exhaustive()
    }
}

impl Realm {
    /// Loads a script: its module-level code runs.
    pub fn new(code: &Code, limits: Limits) -> Result<Self, Failure> {
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
        let started = context.with(|ctx| load(&ctx, code, &usage));
        usage.check()?;
        let (step, on_step, topics) = started.map_err(Failure::Threw)?;
        let topics = serde_json::from_str(&topics).map_err(|error| Failure::Engine(error.to_string()))?;
        Ok(Self { step, on_step, context, usage, topics, _runtime: runtime })
    }

    /// The topics of the script.
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// The memory that it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.usage.bytes()
    }

    /// Runs a step until nothing is left to do. An event has to be for one of the ids of the step before it ([`Step::refs`]).
    pub fn step(&mut self, thread: &str, input: Input<'_>) -> Result<Step, Failure> {
        self.usage.begin();
        let ran = self.context.with(|ctx| {
            let run = || -> rquickjs::Result<String> {
                let (step, on_step) = (self.step.clone().restore(&ctx)?, self.on_step.clone().restore(&ctx)?);
                on_step.call::<_, ()>((thread, input.step))?;
                let at = input.at.to_string();
                step.call((thread, input.step, at, seed(thread, input.step), input.text, input.waits))
            };
            run().catch(&ctx).map_err(|error| told(error, &self.usage))
        });
        self.usage.check()?;
        serde_json::from_str(&ran.map_err(Failure::Threw)?).map_err(|error| Failure::Engine(error.to_string()))
    }
}

/// What a realm holds on to.
type Loaded = (Persistent<Function<'static>>, Persistent<Function<'static>>, String);

/// Runs the runtime library, and the module-level code of a script.
fn load(ctx: &Ctx<'_>, code: &Code, usage: &Rc<Usage>) -> Result<Loaded, String> {
    let run = || -> rquickjs::Result<Loaded> {
        let host = Object::new(ctx.clone())?;
        host.set("caught", caught(ctx, usage)?)?;
        for part in LIBRARY {
            ctx.eval::<Function<'_>, _>(part)?.call::<_, ()>((host.clone(),))?;
        }
        let modules: Object<'_> = host.get("modules")?;
        ctx.globals().set("__modules", modules.clone())?;
        let module = Module::declare(ctx.clone(), code.name.as_str(), code.javascript.as_str())?;
        let (module, evaluated) = module.eval()?;
        evaluated.finish::<()>()?;
        let named: Value<'_> = module.get("main")?;
        let main = if named.is_function() { named } else { module.get("default")? };
        if !main.is_function() {
            return Err(Exception::throw_type(ctx, "the script exports no function `main`, and none by default"));
        }
        host.get::<_, Function<'_>>("setMain")?.call::<_, ()>((main,))?;
        ctx.globals().remove("__modules")?;
        let topics = host.get::<_, Function<'_>>("topics")?.call(())?;
        let (step, on_step) = (host.get::<_, Function<'_>>("step")?, modules.get::<_, Function<'_>>("onStep")?);
        Ok((Persistent::save(ctx, step), Persistent::save(ctx, on_step), topics))
    };
    run().catch(ctx).map_err(|error| told(error, usage))
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

/// True for the error that the engine throws when its stack overflows.
fn is_overflow(error: &Value<'_>) -> bool {
    let message = |error: &Exception<'_>| error.message();
    error.as_exception().and_then(message).is_some_and(|message| message == OVERFLOW)
}

/// The text of what was thrown.
fn told(error: CaughtError<'_>, usage: &Usage) -> String {
    match error {
        CaughtError::Exception(exception) => {
            if is_overflow(exception.as_value()) {
                usage.too_deep();
            }
            let message = exception.message().unwrap_or_default();
            let stack = exception.stack().unwrap_or_default();
            let first = stack.lines().next().unwrap_or_default().trim().to_owned();
            if first.is_empty() { message } else { format!("{message} ({first})") }
        }
        other @ (CaughtError::Error(_) | CaughtError::Value(_)) => other.to_string(),
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
