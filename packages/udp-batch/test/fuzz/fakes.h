/* Fakes of Node and the system for the native part, controlled by the fuzzer's input. */
#ifndef FAKES_H
#define FAKES_H

#include "../../native/udp_batch.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECK(holds)                                                                               \
  do {                                                                                             \
    if (!(holds)) {                                                                                \
      fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #holds);              \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

/* input.c: the bytes of the input, one after another, followed by zeros. */
void begin_input(const uint8_t *data, size_t size);
bool input_left(void);
uint8_t next_byte(void);
uint32_t next_number(void);
/* Whether the next call fails. */
bool fails(void);

/* fake-napi.c: JavaScript's values. */
napi_value new_undefined(void);
napi_value new_number(uint32_t number);
napi_value new_boolean(bool boolean);
napi_value new_text(const char *text);
napi_value new_memory(size_t length);
void *memory_of(napi_value value);
size_t length_of(napi_value value);
/* Calls a function of the module, as Node does. */
napi_value call(napi_callback function, size_t count, const napi_value *values);
/* The number that a function has returned; false if it threw or returned something else. */
bool returned_number(napi_value value, uint32_t *number);
/* JavaScript forgets a value. */
void collect(napi_value value);
/* Ends the environment and everything in it. */
void end_environment(void);

/* fake-system.c: sockets and libuv. */
struct fake_datagram {
  uint32_t length; /* as it was sent */
  uint32_t kept;   /* for as much as there was room */
  bool truncated;
  uint8_t fill;
  union endpoint source;
  uint8_t local; /* what every byte of the local address is; zero where none was told that has to be
                    read */
};
/* The datagrams of the last recvmmsg. */
extern struct fake_datagram arrived[];
extern uint32_t arrived_count;
/* Datagrams that the system has accepted since `begin_system`. */
extern uint32_t taken_count;
void begin_system(void);
/* One turn of libuv's loop: calls the callbacks of ready and closed handles. */
void turn_loop(void);
/* Checks that no descriptor and no handle is open. */
void check_closed(void);

#endif
