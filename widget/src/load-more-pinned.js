/** In the pinned build the richer parts are in the same file, under its one `integrity`. */

import {complaint, css, debug, drawing, header, optionsQuestion, preview} from './more.js';

const more = {complaint, css, debug, drawing, header, optionsQuestion, preview};

export const loadMore = async () => more;
