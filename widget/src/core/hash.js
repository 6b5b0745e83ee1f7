/** The sticky draw of a person: MurmurHash3 x86 32, the twin of backend/domain/sampling.py. */

/**
 * @param {'sample' | 'phase'} purpose @param {string} salt @param {string} user
 * @returns {number} from 0 up to but not including 1, the same on every page and device
 */
export function unitHash(purpose, salt, user) {
  // The bytes of UTF-8; a page's first TextEncoder takes longer than all of this.
  const bytes = [...unescape(encodeURIComponent([purpose, salt, user].join('\x1f')))].map((one) => one.charCodeAt(0));
  let hash = 0;
  let block = 0;
  bytes.forEach((byte, at) => {
    block |= byte << ((at & 3) * 8);
    if ((at & 3) === 3) {
      hash ^= scramble(block);
      hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
      block = 0;
    }
  });
  hash ^= scramble(block) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** @param {number} block */
const scramble = (block) => {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
};
