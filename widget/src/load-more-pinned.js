/** In the pinned build the richer parts are in the same file, under its one `integrity`. */

import {complaint, css, debug, drawing, header, optionsQuestion, preview, translate, whole} from './more.js';

const more = {complaint, css, debug, drawing, header, optionsQuestion, preview, translate, whole};

export const loadMore = async () => more;
