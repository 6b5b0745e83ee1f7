const RTL = /^(ar|dv|fa|he|ps|sd|ug|ur|yi)\b/i;

/** Which way a language is written. @param {string} language a BCP 47 tag */
export const direction = (language) => (RTL.test(language) ? 'rtl' : 'ltr');
