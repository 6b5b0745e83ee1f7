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
  triggers?: Trigger[];
  pages?: string[];
  content: Content;
};

export type Config = {
  key: string;
  panel: string;
  off?: boolean;
  consent?: string;
  page_rules?: {pattern: string; template: string}[];
  respect_dnt?: boolean;
  surveys: Survey[];
};
