/*
 * Fuzz target: the functions of the module, called in any order with any arguments, on a system
 * whose calls may fail. Memory stays safe, nothing is lost or left open, and no datagram changes.
 */
#include "fakes.h"

#include <arpa/inet.h>
#include <string.h>

enum { SLOTS = 4, MOST_MEMORY = 1 << 20, MOST_CALLS = 64 };

static napi_value sockets[SLOTS];
static struct parameters opened[SLOTS];
static napi_value memories[SLOTS];

static size_t slot(void) {
  return next_byte() % SLOTS;
}

/* Often exactly the size needed, to detect access to one byte more; otherwise any. */
static napi_value some_memory(size_t exact) {
  const uint8_t choice = next_byte();
  if (choice < 192 && exact <= MOST_MEMORY) return new_memory(exact);
  if (choice < 224) return memories[slot()];
  return choice < 240 ? new_memory(next_number() % MOST_MEMORY) : new_undefined();
}

static napi_value some_socket(size_t index) {
  return next_byte() < 240 ? sockets[index] : new_undefined();
}

static void fill(void *data, size_t length) {
  uint8_t *bytes = data;
  for (size_t at = 0; bytes && at < length && input_left(); at++) bytes[at] = next_byte();
}

static void open_one(void) {
  static const char *const addresses[] = {
      "127.0.0.1", "::1", "::", "0.0.0.0", "fe80::1%eth0", "fe80::1%7"};
  const size_t index = slot();
  struct parameters parameters = {
      .batch_size = 4, .send_size = 4, .max_datagram = 64, .input_stride = 64, .output_stride = 64};
  uint32_t *fields = (uint32_t *)&parameters;
  for (uint8_t changes = next_byte() % 4; changes > 0; changes--) {
    const size_t field = next_byte() % (sizeof parameters / sizeof *fields);
    fields[field] = next_number();
  }
  char text[128] = "";
  const uint8_t choice = next_byte();
  if (choice < 200)
    strcpy(text, addresses[choice % 6]);
  else
    fill(text, choice - 200);
  const size_t length = next_byte() < 250 ? sizeof parameters : next_byte() % sizeof parameters;
  napi_value memory = new_memory(length);
  if (length > 0) memcpy(memory_of(memory), &parameters, length);
  napi_value wildcard = next_byte() < 128 ? new_undefined() : some_socket(slot());
  const napi_value values[] = {new_text(text), memory, new_undefined(), wildcard};
  napi_value handle = call(open_socket, 4, values);
  if (!handle) return;
  CHECK(length == sizeof parameters);
  CHECK(parameters.batch_size >= 1 && parameters.batch_size <= MOST && parameters.send_size >= 1 &&
        parameters.send_size <= MOST);
  CHECK(parameters.max_datagram <= parameters.input_stride);
  sockets[index] = handle;
  opened[index] = parameters;
}

static void check_arrived(const struct parameters *p, uint32_t count, const uint8_t *input,
                          const struct record *records) {
  uint32_t kept = 0;
  for (uint32_t index = 0; index < arrived_count; index++) {
    const struct fake_datagram *datagram = &arrived[index];
    if (datagram->truncated && !(p->flags & KEEP_TRUNCATED)) continue;
    const struct record *record = &records[kept];
    const uint8_t *bytes = input + (size_t)kept * p->input_stride;
    CHECK(kept < count && record->length == datagram->length && record->outgoing == 0);
    for (uint32_t at = 0; at < datagram->kept; at++) CHECK(bytes[at] == datagram->fill);
    const bool ipv4 = datagram->source.any.sa_family == AF_INET;
    CHECK(record->port ==
          ntohs(ipv4 ? datagram->source.ipv4.sin_port : datagram->source.ipv6.sin6_port));
    CHECK(record->local_length == 0 || record->local_length == 4 || record->local_length == 16);
    CHECK(datagram->local == 0 ||
          (record->local_length > 0 && record->local[3] == datagram->local));
    kept++;
  }
  CHECK(kept == count);
}

static void receive_some(void) {
  const size_t index = slot();
  const struct parameters *p = &opened[index];
  napi_value input = some_memory((size_t)p->batch_size * p->input_stride);
  napi_value records = some_memory((size_t)p->batch_size * sizeof(struct record));
  const napi_value values[] = {some_socket(index), input, records};
  uint32_t count;
  /* The same memory for both is safe, but changes datagrams. */
  if (!returned_number(call(receive, 3, values), &count) || count >= FAILED || count == 0 ||
      input == records)
    return;
  check_arrived(p, count, memory_of(input), memory_of(records));
}

/* Records as JavaScript fills them in, and some invalid ones. */
static void fill_records(napi_value memory, uint32_t stride) {
  struct record *records = memory_of(memory);
  const size_t count = length_of(memory) / sizeof *records;
  for (size_t index = 0; index < count && input_left(); index++) {
    const uint8_t choice = next_byte();
    struct record *record = &records[index];
    memset(record->address, choice, sizeof record->address);
    record->address_length = choice % 4 == 0 ? 16 : choice % 16 == 1 ? choice : 4;
    record->port = choice;
    record->local_length = choice % 32 == 3 ? 0 : record->address_length;
    record->outgoing = (uint16_t)(choice < 128   ? 1 + choice % (stride % 256 + 1)
                                  : choice < 192 ? 0
                                                 : stride - 224 + choice);
  }
}

/* The number of records to send from `from` to `to`. */
static uint32_t count_outgoing(const struct record *records, uint32_t from, uint32_t to,
                               uint32_t stride) {
  uint32_t count = 0;
  for (uint32_t index = from; index < to; index++)
    count += records[index].outgoing != 0 && records[index].outgoing - 1u <= stride;
  return count;
}

static void send_some(void) {
  const size_t index = slot();
  const struct parameters *p = &opened[index];
  const uint32_t from = next_number() % 8, choice = next_byte();
  const uint32_t to = choice < 128 ? p->send_size : choice < 160 ? p->send_size + 1 : next_number();
  const size_t count = to > p->send_size && to <= MOST + 1 ? to : p->send_size;
  napi_value output = some_memory(count * p->output_stride);
  napi_value records = some_memory(count * sizeof(struct record));
  if (next_byte() < 192) fill_records(records, p->output_stride);
  const napi_value values[] = {some_socket(index), output, records, new_number(from),
                               next_byte() < 250 ? new_number(to) : new_undefined()};
  const uint32_t taken_before = taken_count;
  uint32_t result;
  if (!returned_number(call(send_records, 5, values), &result)) return;
  const uint32_t end = result & (FAILED - 1);
  if (from > to || to > p->send_size) {
    CHECK(taken_count == taken_before);
  } else {
    CHECK(from <= end && end <= to);
    if (result < FAILED && p->output_stride > 0 && output != records) {
      CHECK(taken_count - taken_before ==
            count_outgoing(memory_of(records), from, end, p->output_stride));
    }
  }
}

static void call_one(void) {
  const size_t index = slot();
  const uint8_t which = next_byte() % 9;
  if (which == 0) return turn_loop();
  if (which == 1) {
    memories[slot()] = new_memory(next_number() % MOST_MEMORY);
    return;
  }
  napi_value socket = some_socket(index);
  if (which == 2) {
    call(watch, 2, (const napi_value[]){socket, new_number(next_number())});
  } else if (which == 3) {
    call(close_socket, 1, &socket);
  } else if (which == 4) {
    call(address, 1, &socket);
  } else if (which == 5) {
    call(buffer_size, 2, (const napi_value[]){socket, new_boolean(next_byte() % 2)});
  } else if (which == 6) {
    call(counters, 2, (const napi_value[]){socket, some_memory(sizeof(struct counters))});
  } else if (which == 7) {
    /* Called with too few arguments. */
    call(next_byte() % 2 == 0 ? receive : send_records, 1, &socket);
  } else {
    collect(sockets[index]);
    sockets[index] = new_undefined();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  begin_input(data, size);
  begin_system();
  for (size_t index = 0; index < SLOTS; index++) {
    sockets[index] = new_undefined();
    memories[index] = new_memory(64);
    memset(&opened[index], 0, sizeof opened[index]);
  }
  for (int calls = 0; calls < MOST_CALLS && input_left(); calls++) {
    const uint8_t which = next_byte() % 8;
    if (which < 2)
      open_one();
    else if (which < 4)
      receive_some();
    else if (which < 6)
      send_some();
    else
      call_one();
  }
  end_environment();
  check_closed();
  return 0;
}
