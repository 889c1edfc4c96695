// What setTimeout() takes at most, in milliseconds: of anything longer it makes 1.
export const longestTimer = 2 ** 31 - 1;
