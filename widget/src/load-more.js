/** The file for richer surveys, by the name the build gave it. */
export const loadMore = () => import('./more.js');
