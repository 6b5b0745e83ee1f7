/** In the pinned build the richer parts are in the same file, under its one `integrity`. */

import {call, complaint, css, drawing, header, optionsQuestion, translate} from './more.js';

const more = {call, complaint, css, drawing, header, optionsQuestion, translate};

export const loadMore = async () => more;
