/** A JSON Schema, as far as it is read here. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly 'x-source'?: 'template' | 'file' | 'path' | 'conditions' | 'destination';
  /** What is said when a choice (`anyOf`, `oneOf`) does not fit, where the schema's own words would not help. */
  readonly 'x-message'?: string;
  /** For values that people write though they are none of the choices: what to write instead. */
  readonly 'x-hints'?: Readonly<Record<string, string>>;
  /** It may be a secret: the module hands it over by stdin. */
  readonly 'x-secret'?: boolean;
  readonly [keyword: string]: unknown;
}
