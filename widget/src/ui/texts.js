/** What the panel itself says, in English; other languages come with the decision. @type {import('../types').InterfaceTexts} */
export const ENGLISH = {
  close: 'Close',
  back: 'Back',
  next: 'Next',
  send: 'Send',
  skip: 'Skip',
  later: 'Ask me later',
  opened: 'A short survey has opened at the end of the page',
  step: 'Question {n} of {of}',
  required: 'Please answer this question.',
  too_few: 'Please choose at least {n}.',
  too_many: 'Please choose at most {n}.',
  too_long: 'Please shorten your answer to {n} characters.',
  invalid: 'Please check your answer.',
};
