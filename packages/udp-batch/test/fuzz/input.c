#include "fakes.h"

static const uint8_t *bytes;
static size_t left;
/* The number of further calls that succeed; zero is no limit. */
static uint8_t successes;

void begin_input(const uint8_t *data, size_t size) {
  bytes = data;
  left = size;
  successes = 0;
  successes = next_byte();
}

bool input_left(void) {
  return left > 0;
}

uint8_t next_byte(void) {
  if (left == 0) return 0;
  left--;
  return *bytes++;
}

/* Mostly small numbers and edge cases. */
uint32_t next_number(void) {
  static const uint32_t edges[] = {1023,  1024,       1025,       65535,
                                   65536, 0x7fffffff, 0x80000000, 0xffffffff};
  const uint8_t byte = next_byte();
  return byte < 248 ? byte : edges[byte - 248];
}

bool fails(void) {
  return successes > 0 && --successes == 0;
}
