/** A fact about a person or an account: texts, finite numbers, booleans, null, or plain objects and lists of these. */
export type Traits = Record<string, unknown>;

export interface Person {
  traits?: Traits;
  account?: string | {id: string; traits?: Traits};
  /** The identity token your server signed, or a function that fetches it. */
  token?: string | (() => string | Promise<string>);
  app_version?: string;
}

/** What happened to a survey. */
export interface SurveyEvent {
  survey_id: string;
  score?: number | null;
  comment?: string | null;
  answers?: Record<string, unknown>;
}

export interface PreviewOptions {
  /** A question's id, `thanks` or `error`. */
  state?: string;
  language?: string;
  theme?: object;
  /** The panel's own texts, one language of `texts.json`. */
  interface?: object;
  values?: Record<string, unknown>;
  into?: Element | string;
}

export interface Zeroten {
  (name: 'identify', userId: string | number, person?: Person): boolean;
  (name: 'page', path?: string): boolean;
  (name: 'track', event: string): boolean;
  (name: 'open', surveyId?: string, options?: {force?: boolean; into?: Element | string}): Promise<boolean>;
  (name: 'preview', survey: object | string, options?: PreviewOptions): Promise<boolean>;
  (name: 'reset'): boolean;
  (name: 'consent', value: 'granted' | 'pending' | 'denied'): boolean;
  (name: 'locale', tag: string): boolean;
  (name: 'on', event: 'shown' | 'scored' | 'completed' | 'declined' | 'later' | 'closed', callback: (detail: SurveyEvent) => void): () => void;
  (name: 'on', event: 'not_shown', callback: (detail: {survey_id: string; reason: string}) => void): () => void;
  (name: 'on', event: 'ready' | 'error', callback: (detail: unknown) => void): () => void;
  (name: 'debug'): Promise<object>;
}

/** Calls made before `init` has finished wait for it; on a server nothing happens. */
export const zeroten: Zeroten;
export default zeroten;

/** Fetch the project's configuration and start, once. Never throws; says whether the widget runs. */
export function init(options: {key: string; host: string}): Promise<boolean>;
