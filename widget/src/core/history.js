/** Writing down what happened, in at most 2 KiB: the survey longest untouched stands first and is forgotten first. */

const MAX_LENGTH = 2048;

/** @typedef {import('./state.js').State} State */

/**
 * @param {State} state @param {string} id a survey
 * @param {import('../types').Happened} what @param {number} at ms
 * @returns {State}
 */
export function note(state, id, what, at) {
  const {[id]: seen, ...others} = state.surveys;
  return {...state, surveys: {...others, [id]: {...seen, [what]: at}}};
}

/** @param {State} state @param {(value: unknown) => string} toJson */
export function writeState(state, toJson) {
  let text = toJson(state);
  for (const id of Object.keys(state.surveys)) {
    if (text.length <= MAX_LENGTH) break;
    delete state.surveys[id];
    delete state.retry[id];
    text = toJson(state);
  }
  return text;
}
