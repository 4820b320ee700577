/*
 * Prints where the real client libmemcached puts keys under its MODULA distribution.
 *
 *     libmemcached_modulo HASH SERVERS < keys
 *
 * HASH is "one_at_a_time" (the client's default) or "crc"; SERVERS is how many servers are in the list.
 * Standard input has one key a line, in hex; standard output gets one server index a line, in the same order,
 * after a first line with the client's version. No server runs and nothing is sent: placement is the client's alone.
 */
#include <libmemcached/memcached.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEY = 4096 };

static int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return -1;
}

/* Returns how many bytes the line holds, or -1 when it is not hex. */
static int decode(const char *line, char *key) {
    int length = 0;
    while (line[0] != '\0' && line[0] != '\n') {
        int high = hex_value(line[0]);
        int low = high < 0 ? -1 : hex_value(line[1]);
        if (low < 0 || length == MAX_KEY) {
            return -1;
        }
        key[length++] = (char)(high * 16 + low);
        line += 2;
    }
    return length;
}

/* For one_at_a_time the hash stays as the client sets it by itself: the claim is about its default. */
static memcached_st *client_with(int use_crc, unsigned servers) {
    memcached_st *client = memcached_create(NULL);
    if (client == NULL) {
        return NULL;
    }
    memcached_return_t rc =
        memcached_behavior_set_distribution(client, MEMCACHED_DISTRIBUTION_MODULA);
    if (rc == MEMCACHED_SUCCESS && use_crc) {
        rc = memcached_behavior_set_key_hash(client, MEMCACHED_HASH_CRC);
    }
    for (unsigned i = 0; i < servers && rc == MEMCACHED_SUCCESS; i++) {
        char host[32];
        (void)snprintf(host, sizeof host, "10.0.0.%u", i + 1);
        rc = memcached_server_add(client, host, 11211);
    }
    if (rc != MEMCACHED_SUCCESS) {
        (void)fprintf(stderr, "libmemcached: %s\n", memcached_strerror(client, rc));
        memcached_free(client);
        return NULL;
    }
    return client;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        (void)fprintf(stderr, "usage: libmemcached_modulo one_at_a_time|crc SERVERS < keys\n");
        return 2;
    }
    int use_crc = strcmp(argv[1], "crc") == 0;
    if (!use_crc && strcmp(argv[1], "one_at_a_time") != 0) {
        (void)fprintf(stderr, "%s is not a hash; use one_at_a_time or crc\n", argv[1]);
        return 2;
    }
    memcached_st *client = client_with(use_crc, (unsigned)strtoul(argv[2], NULL, 10));
    if (client == NULL) {
        return 1;
    }
    (void)printf("%s\n", memcached_lib_version());
    static char line[MAX_KEY * 2 + 2];
    static char key[MAX_KEY];
    int status = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        int length = decode(line, key);
        if (length < 0) {
            (void)fprintf(stderr, "not a key in hex: %s", line);
            status = 1;
            break;
        }
        (void)printf("%u\n", (unsigned)memcached_generate_hash(client, key, (size_t)length));
    }
    memcached_free(client);
    return status;
}
