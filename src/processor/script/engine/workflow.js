// The module that scripts import as `W`. Its ids are those of the step that runs.
const W = globalThis.__modules.W;
export const config = W.config, CancelToken = W.CancelToken;
export const suspend = W.suspend, output = W.output, outputJSON = W.outputJSON;
export const cancel = W.cancel, all = W.all, any = W.any, allWithCancel = W.allWithCancel, anyWithCancel = W.anyWithCancel;
export const continueAsNew = W.continueAsNew, version = W.version;
export let threadId = "none", stepId = "none";
globalThis.__modules.onStep = (thread, step) => { threadId = thread; stepId = step; };
