/* Random words by key, numpy's Philox number for number, and the order of examples that they give. */

__extension__ typedef unsigned __int128 Wide;

/* Four words: ten rounds over the counter (block + 1, c1, c2, c3). Source: Salmon et al., SC 2011. */
static void philox_block(const Word *key, Word block, Word c1, Word c2, Word c3, Word *words) {
  Word x0 = block + 1, x1 = c1, x2 = c2, x3 = c3, k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    Wide a = (Wide)0xD2E7470EE14C6C93u * x0, b = (Wide)0xCA5A826395121157u * x2;
    x0 = (Word)(b >> 64) ^ x1 ^ k0, x1 = (Word)b;
    x2 = (Word)(a >> 64) ^ x3 ^ k1, x3 = (Word)a;
    k0 += 0x9E3779B97F4A7C15u, k1 += 0xBB67AE8584CAA73Bu;
  }
  words[0] = x0, words[1] = x1, words[2] = x2, words[3] = x3;
}

/* The first n words of the stream at the place (c1, c2, c3); whole blocks of four are written. */
EXPORT void LEVELLED(philox)(const Word *key, Word c1, Word c2, Word c3, Word *out, Int n) {
  for (Int i = 0; i < n; i += 4) philox_block(key, i / 4, c1, c2, c3, out + i);
}

/* Sort n rows by the words at their numbers in the epoch's stream. Words are evenly spread, so that
   their upper bits tell their places but for a few: 100 rows take about a microsecond. */
EXPORT void LEVELLED(put_in_order)(const Word *key, Int epoch, const Int *rows, Int n, Word *drawn,
                                   Word *sorted, Int *counts, Int shift, Int *order) {
  Int last = -1, at = 0, n_parts = (Int)1 << (64 - shift);
  Word words[4];
  memset(counts, 0, n_parts * sizeof(Int));
  for (Int i = 0; i < n; i++) {
    /* Rising rows share blocks of four. */
    if (rows[i] / 4 != last) philox_block(key, last = rows[i] / 4, epoch, 0, 0, words);
    drawn[i] = words[rows[i] % 4];
    counts[drawn[i] >> shift]++;
  }
  for (Int part = 0; part < n_parts; part++) {
    Int here = counts[part];
    counts[part] = at, at += here;
  }
  for (Int i = 0; i < n; i++) {
    Int place = counts[drawn[i] >> shift]++;
    sorted[place] = drawn[i], order[place] = rows[i];
  }
  for (Int i = 1; i < n; i++) {
    Word word = sorted[i];
    Int row = order[i], j = i;
    for (; j > 0 && sorted[j - 1] > word; j--)
      sorted[j] = sorted[j - 1], order[j] = order[j - 1];
    sorted[j] = word, order[j] = row;
  }
}
