// The module that scripts import as `S`: nothing is serialized, so there is nothing to register.
const S = globalThis.__modules.S;
export const regOpaqueObject = S.regOpaqueObject, regConstructor = S.regConstructor, bind = S.bind;
