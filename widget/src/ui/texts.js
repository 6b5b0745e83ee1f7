/** What the panel itself says, in English; other languages come with the decision. @type {import('../types').InterfaceTexts} */
export const ENGLISH = {
  close: 'Close',
  back: 'Back',
  next: 'Next',
  send: 'Send',
  later: 'Ask me later',
  opened: 'A short survey has opened at the end of the page',
  required: 'Please answer this question.',
};
