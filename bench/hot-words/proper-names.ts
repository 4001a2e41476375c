/** Rare words of the recordings that a person would write with a capital: their references have none, or nothing else. */
export const PROPER_NAMES: ReadonlySet<string> = new Set(
  `allah avonlea babylon bennet biblical bundefjord carlisle ceylon donnithorne egyptian emily ephraim fuegians gothic
  gutenberg gwendolen hakata hebrew hebrews helstone hurons iliad ilyin judah kletke kyushu lowder lynde makan manasseh
  martians merneptah milltown moses myles natasha norsemen northanger nuzhat pennicote petya ponsonby quixote rachel
  rostov schoss sonya stackpole stella thanksgiving thornton uncas venice wednesday zaman zarathustra`.split(
    /\s+/,
  ),
);
