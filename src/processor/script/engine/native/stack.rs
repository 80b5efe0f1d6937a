//! Where the stack of the engine begins.

#![expect(unsafe_code, reason = "a call of QuickJS that rquickjs has for several threads only")]

use rquickjs::{Ctx, qjs};

/// Has the engine measure its stack from here. Otherwise it does so from where the runtime was made, which may be deeper or less deep in the stack of this
/// thread, so that a script would overflow here and not there.
pub(in super::super) fn measure_from_here(ctx: &Ctx<'_>) {
    // SAFETY: the context is alive, so its runtime is; both calls take no other memory, and this thread is the only one that uses them.
    unsafe { qjs::JS_UpdateStackTop(qjs::JS_GetRuntime(ctx.as_raw().as_ptr())) }
}
