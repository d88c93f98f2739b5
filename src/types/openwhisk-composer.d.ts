/** openwhisk-composer 0.12.0, as far as it is used here. CommonJS: it has default exports only. */
declare module 'openwhisk-composer' {
  /** A composition under construction; `JSON.stringify` gives its abstract syntax tree. */
  export interface Composition {
    readonly type: string;
    /** Written to the conductor's log when the composition is entered. */
    path?: string;
  }

  /** A function's text is stored and evaluated by the conductor: it closes over nothing but the names of `let`. */
  // biome-ignore lint/suspicious/noExplicitAny: the functions take and return whatever the composition carries
  export type Task = Composition | ((params: any) => unknown) | string;

  /** Its primitive combinators; the conductor knows no others. */
  interface Composer {
    sequence(...tasks: Task[]): Composition;
    action(name: string): Composition;
    /** Text of a function; it is not evaluated here. */
    function(text: string | ((params: never) => unknown)): Composition;
    let(declarations: Record<string, unknown>, ...tasks: Task[]): Composition;
    try(body: Task, handler: Task): Composition;
    /** The `nosave` ones hand what the test returned (an object with a `value`) on to the branch or body. */
    if_nosave(test: Task, consequent: Task, alternate?: Task): Composition;
    while_nosave(test: Task, body: Task): Composition;
    dowhile_nosave(body: Task, test: Task): Composition;
    parse(ast: object): Composition;
    readonly util: { readonly version: string };
  }

  const composer: Composer;
  export default composer;
}

declare module 'openwhisk-composer/conductor.js' {
  const conductor: {
    /** Runs terser at every call. */
    generate(composition: { name: string; composition: object; ast: object; version: string }): {
      action: { exec: { kind: string; code: string } };
    };
  };
  export default conductor;
}
