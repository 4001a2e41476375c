// @npmcli/config ships no types. Only what npm-settings.ts uses is declared here.

declare module '@npmcli/config' {
  export interface Definition {
    readonly default: unknown;
  }
  export interface Definitions {
    readonly registry: Definition;
  }

  export default class Config {
    constructor(options: {
      definitions: Definitions;
      shorthands: object;
      flatten: (values: object, flat?: object) => object;
      nerfDarts: readonly string[];
      npmPath: string;
      argv: readonly string[];
      env: NodeJS.ProcessEnv;
      cwd: string;
    });
    /** Reads the built-in, global, user and project .npmrc and the environment. */
    load(): Promise<void>;
    /** Drops values of the wrong type; throws on credentials that belong to no registry. */
    validate(): boolean;
    /** The options npm hands to its libraries, in camelCase. */
    readonly flat: Record<string, unknown>;
  }
}

declare module '@npmcli/config/lib/definitions/index.js' {
  import type { Definitions } from '@npmcli/config';

  const settings: {
    definitions: Definitions;
    shorthands: object;
    nerfDarts: readonly string[];
    flatten: (values: object, flat?: object) => object;
  };
  export default settings;
}
