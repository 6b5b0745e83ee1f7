/** A survey as a project would publish it: what the byte budget is measured with. */
export const sampleContent = () => ({
  default_language: 'en',
  questions: [
    {id: 'score', kind: 'nps', required: true},
    {id: 'why', kind: 'text', show_if: {question: 'score', answered: true}},
  ],
  texts: {
    en: {
      questions: {
        score: {text: 'How likely are you to recommend us to a colleague?', low: 'Not at all likely', high: 'Extremely likely'},
        why: {
          text: 'Care to tell us why?',
          by_band: {detractor: 'What should we do better?', passive: 'What would make it a 10?', promoter: 'What do you value most?'},
        },
      },
      thanks: {
        text: 'Thank you!',
        by_band: {promoter: {text: 'Thank you! Would you share it?', link_text: 'Write a review', link_url: 'https://example.com/review'}},
      },
    },
  },
  theme: {mode: 'auto', accent: '#2f5bea', position: 'bottom-right', layout: 'corner'},
  later: true,
});

/** @param {string} panel */
export const sampleConfig = (panel) => ({
  v: 1,
  key: 'pk_0123456789ABCDEFGHIJKL',
  panel,
  base: 'https://zeroten.example.com/',
  surveys: [
    {
      id: 'srv_7Hq2mXw9Lk4Tz1Bv',
      version: 3,
      priority: 0,
      triggers: [{type: 'page_load', delay_ms: 2000}],
      pages: ['/reports/**'],
      audience: {op: 'eq', trait: 'role', value: 'admin'},
      sampling: {salt: 'q4-2026', rate: 0.25, segments: [{when: {op: 'eq', trait: 'plan', value: 'pro'}, rate: 1}], spread_days: 90, started_on: '2026-10-01'},
      rests: {rest_days: 90, decline_rest_days: 30, ignore_rest_days: 14, later_rest_days: 7, any_survey_rest_days: 7},
      old_enough_days: 30,
    },
  ],
});

export const sampleDecision = () => ({
  show: true,
  decision_id: 'dec_7Hq2mXw9Lk4Tz1Bv',
  survey_id: 'srv_7Hq2mXw9Lk4Tz1Bv',
  version: 3,
  ticket: 'tk_0123456789ABCDEFGHIJKL',
  expires_at: '2026-11-22T08:00:00Z',
  language: 'en',
  content: sampleContent(),
});
