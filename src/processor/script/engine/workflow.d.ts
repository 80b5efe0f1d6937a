/** The library of workflow scripts. Write it beside a script with `sheaf scripts types`; docs/script.md is the guide. */
declare module "@effectful/kafka-workflow" {
  export interface Config {
    /** The topics that the script may write to; those that are there when it has been loaded. */
    outputTopics: Set<string>;
    /** The topic of what `main` returns; `workflow-result`. */
    resultTopic: string;
    /** The topic of what `main` throws; `workflow-error`. */
    errorTopic: string;
  }

  /** What waits for a record `{"ref": id, "value": …}` or `{"ref": id, "error": …}`. */
  export interface Suspended<T> extends Promise<T> {
    readonly id: string;
  }

  /** Thrown by the `await` of what is cancelled. */
  export class CancelToken extends Error {}

  export const config: Config;
  /** The id of the thread: the key of its records. */
  export const threadId: string;
  /** The id of the step: the offset of its record. */
  export const stepId: string;

  /** Waits for a record; without an id it is `<stepId>:<number in the step>`. */
  export function suspend<T = any>(id?: string): Suspended<T>;
  /** Writes a record; `null` is a tombstone. The key is the id of the thread, unless it is given. */
  export function output(value: string | null | undefined, topic: string, key?: string): void;
  /** The same with a value as JSON. */
  export function outputJSON(value: unknown, topic: string, key?: string): void;
  /** Cancels a call of an async function at what it waits for. */
  export function cancel(value: unknown): void;
  /** As `Promise.all` of JavaScript: what is still open is not cancelled. */
  export function all<T extends readonly unknown[] | []>(values: T): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }>;
  /** As `Promise.race` of JavaScript: what is still open is not cancelled. */
  export function any<T extends readonly unknown[] | []>(values: T): Promise<Awaited<T[number]>>;
  /** As `Promise.all` here: when it is decided, what is still open is cancelled. */
  export function allWithCancel<T extends readonly unknown[] | []>(values: T): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }>;
  /** As `Promise.race` here: when it is decided, what is still open is cancelled. */
  export function anyWithCancel<T extends readonly unknown[] | []>(values: T): Promise<Awaited<T[number]>>;
  /** `return continueAsNew(value)` ends the thread and begins it anew with the value, without what it was given so far. */
  export function continueAsNew(value?: unknown): any;
  /** The version of a planned change: `most` for steps that are new, 0 for those that were taken before the change. */
  export function version(name: string, most?: number): number;
}

declare module "@effectful/serialization" {
  export function regOpaqueObject<T>(value: T, name?: string): T;
  export function regConstructor<T>(value: T): T;
  export function bind(f: Function, self: unknown, ...values: unknown[]): Function;
}
