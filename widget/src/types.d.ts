/** Shapes of docs/protocol.md, shared by every module; types only, no code. */

export type Condition = {
  question?: string;
  answered?: boolean;
  in?: unknown[];
  band?: string[];
  all?: Condition[];
  any?: Condition[];
};

export type Question = {
  id: string;
  kind: 'nps' | 'csat' | 'ces' | 'rating' | 'text' | 'choice' | 'choices';
  required?: boolean;
  show_if?: Condition | null;
  options?: string[];
  style?: 'numbers' | 'stars' | 'faces';
  min?: number;
  max?: number;
};

export type QuestionTexts = {
  text: string;
  by_band?: Record<string, string> | null;
  low?: string;
  high?: string;
  placeholder?: string;
  options?: Record<string, string>;
};

export type ThanksTexts = {text?: string; link_text?: string; link_url?: string};

export type LanguageTexts = {
  questions: Record<string, QuestionTexts>;
  thanks?: ThanksTexts & {by_band?: Record<string, ThanksTexts> | null};
};

export type Theme = {
  mode?: 'auto' | 'light' | 'dark';
  accent?: string;
  accent_dark?: string;
  position?: 'bottom-right' | 'bottom-left' | 'top-right' | 'top-left';
  layout?: 'corner' | 'inline' | 'full';
  radius?: number;
  logo?: {path: string; size?: number; label?: string} | null;
};

export type Content = {
  default_language: string;
  questions: Question[];
  texts: Record<string, LanguageTexts>;
  theme?: Theme;
  later?: boolean;
};

/** Answers so far, by question id. */
export type Values = Record<string, unknown>;

export type Trigger = {type: string; name?: string; delay_ms?: number};

export type Survey = {
  id: string;
  version: number;
  triggers: Trigger[];
  pages?: string[];
  /** In JSON only; a script has it from a decision. */
  content?: Content;
};

export type Config = {
  key: string;
  panel: string;
  /** Address of the server, with the slash at its end; absent: the script's own. */
  base?: string;
  off?: boolean;
  /** Absent: nobody has to be asked. The host's word, once it is given. */
  consent?: string;
  page_rules?: {pattern: string; template: string}[];
  respect_dnt?: boolean;
  /** The file of src/views.js, where page views are wanted. */
  views?: string;
  surveys: Survey[];
};

/** What the loader lends to the panel, so that nothing is shipped twice. */
export type Kit = {
  config: Config;
  base: string;
  /** Null when nothing came back. */
  post: (path: string, body: string, options?: RequestInit) => Promise<Response | null>;
  now: () => number;
  emit: (event: string, detail?: unknown) => void;
  on: (event: string, callback: () => void) => () => void;
  /** With consent, and not against the browser's own word. */
  mayKeep: () => boolean;
  guard: <T extends (...args: any[]) => any>(fn: T) => T;
  after: (ms: number, run: () => void) => () => void;
  store: {get: (part: string) => string | undefined; set: (part: string, text?: string) => void; memory: Map<string, string>};
  lease: {renew: () => void; isFree: () => boolean; take: () => Promise<any>};
  state: () => import('./core/state.js').State;
  toJson: (value: unknown) => string;
  fromJson: (text: unknown) => any;
  ask: (surveys: Survey[], manual?: boolean, into?: unknown) => Promise<boolean>;
  /** Surveys the server refused for the rest of this page view. */
  refused: Set<Survey>;
  armed: Map<Survey, Trigger>;
  published: Survey[];
  judge: (survey: Survey) => {passed: boolean, reason: string | null, gates: import('./core/eligibility.js').GateResult[]};
  visitor: () => {page: string, userId: string | null, anonymousId?: string, firstSeenAt?: number | null, pageTemplate?: string, token?: any, account?: any, traits?: any};
  /** Make this the showing, in place of any other. */
  hold: (session: Session) => void;
  ended: () => void;
};

/** One showing of a survey, from its decision to its end. */
export type Session = {
  end: () => void;
  moved: () => void;
  /** The tab is seen again. */
  back: () => void;
  speak: (wanted: readonly string[]) => unknown;
};

export type Decision = {
  show: true;
  survey_id: string;
  version: number;
  ticket: string;
  expires_at?: string;
  language?: string;
  interface?: Partial<InterfaceTexts> | null;
};

/** What the panel itself says; `{n}`, `{of}` are filled in. */
export type InterfaceTexts = {
  close: string;
  back: string;
  next: string;
  send: string;
  later: string;
  opened: string;
  step?: string;
  required: string;
  too_few?: string;
  too_many?: string;
};

/** Panel side of what happened to a survey. */
export type Happened = 'shownAt' | 'answeredAt' | 'declinedAt' | 'laterAt';

/** What src/more.js draws. */
export type Drawn = Pick<typeof import('./more.js'), 'complaint' | 'css' | 'drawing' | 'header' | 'optionsQuestion'>;
/** What src/more.js gives. */
export type More = Drawn & Pick<typeof import('./more.js'), 'call' | 'translate'>;
/** What src/panel.js gives. */
export type Panel = Pick<typeof import('./panel.js'), 'call' | 'decided'> & Pick<typeof import('./views.js'), 'watch'>;
/** Fetches the panel, or another file of the build by its name; one file that holds all ignores the name. */
export type Load = (name?: string) => Promise<Panel>;
