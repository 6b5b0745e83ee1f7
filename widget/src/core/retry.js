/**
 * When the clock alone will let a visitor pass, in ms; null when it never will, or when nothing fails.
 * @param {import('./eligibility.js').GateResult[]} gates all of a survey's
 */
export function retryAt(gates) {
  const wait = Math.max(0, ...gates.map(({passed, passesAt}) => (passed ? 0 : passesAt || Infinity)));
  return (wait < Infinity && wait) || null;
}
