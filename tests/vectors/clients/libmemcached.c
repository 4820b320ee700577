/*
 * Prints where the real client libmemcached puts keys, under any of its distributions and hashes.
 *
 *     libmemcached DISTRIBUTION HASH < servers and keys (the lines of golden_file.py)
 *
 * DISTRIBUTION: "weighted" (MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, which sets consistent ketama and the hash MD5 by
 * itself; HASH is then "-"), "consistent", "spy" (weighted first, then MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY, as
 * the client's own tests do it), or "modula". HASH: "default" leaves the hash as the client sets it by itself.
 * Servers are added after the behaviours are set, as the manual says, each through memcached_server_add_with_weight.
 * No server runs; nothing is sent but to servers that are down, for the client to see it.
 */
#include <libmemcached/memcached.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEY = 4096 };

static const struct {
    const char *name;
    memcached_hash_t hash;
} HASHES[] = {
    {"default", MEMCACHED_HASH_DEFAULT},   {"md5", MEMCACHED_HASH_MD5},
    {"crc", MEMCACHED_HASH_CRC},           {"fnv1_64", MEMCACHED_HASH_FNV1_64},
    {"fnv1a_64", MEMCACHED_HASH_FNV1A_64}, {"fnv1_32", MEMCACHED_HASH_FNV1_32},
    {"fnv1a_32", MEMCACHED_HASH_FNV1A_32}, {"hsieh", MEMCACHED_HASH_HSIEH},
    {"murmur", MEMCACHED_HASH_MURMUR},     {"murmur3", MEMCACHED_HASH_MURMUR3},
    {"jenkins", MEMCACHED_HASH_JENKINS},
};

static int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
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

static memcached_return_t set_hash(memcached_st *client, const char *name) {
    for (size_t i = 0; i < sizeof HASHES / sizeof HASHES[0]; i++) {
        if (strcmp(HASHES[i].name, name) == 0) {
            /* "default" is never set: the claim is about what the client does when nobody sets a hash. */
            return i == 0 ? MEMCACHED_SUCCESS
                          : memcached_behavior_set(client, MEMCACHED_BEHAVIOR_HASH, HASHES[i].hash);
        }
    }
    return MEMCACHED_INVALID_ARGUMENTS;
}

static memcached_return_t set_up(memcached_st *client, const char *distribution, const char *hash) {
    memcached_return_t rc;
    if (strcmp(distribution, "weighted") == 0) {
        return memcached_behavior_set(client, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1);
    }
    if (strcmp(distribution, "spy") == 0) {
        rc = memcached_behavior_set(client, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1);
        return rc == MEMCACHED_SUCCESS
                   ? memcached_behavior_set_distribution(client, MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY)
                   : rc;
    }
    if (strcmp(distribution, "consistent") == 0) {
        rc = memcached_behavior_set_distribution(client, MEMCACHED_DISTRIBUTION_CONSISTENT);
    } else if (strcmp(distribution, "modula") == 0) {
        rc = memcached_behavior_set_distribution(client, MEMCACHED_DISTRIBUTION_MODULA);
    } else {
        return MEMCACHED_INVALID_ARGUMENTS;
    }
    return rc == MEMCACHED_SUCCESS ? set_hash(client, hash) : rc;
}

static memcached_return_t add_server(memcached_st *client, const char *line) {
    char host[256];
    unsigned port;
    unsigned weight;
    if (sscanf(line, "server %255s %u %u", host, &port, &weight) != 3) {
        return MEMCACHED_INVALID_ARGUMENTS;
    }
    if (host[0] == '/') {
        return memcached_server_add_unix_socket_with_weight(client, host, weight);
    }
    return memcached_server_add_with_weight(client, host, (in_port_t)port, weight);
}

/*
 * Lets the client find out by itself that a server is down: with AUTO_EJECT_HOSTS it takes a server that can't be
 * reached out of the ring. Nobody listens at that server, which must be on loopback.
 */
static memcached_return_t eject(memcached_st *client, const char *line) {
    unsigned index;
    if (sscanf(line, "down %u", &index) != 1) {
        return MEMCACHED_INVALID_ARGUMENTS;
    }
    (void)memcached_behavior_set(client, MEMCACHED_BEHAVIOR_AUTO_EJECT_HOSTS, 1);
    (void)memcached_behavior_set(client, MEMCACHED_BEHAVIOR_SERVER_FAILURE_LIMIT, 1);
    (void)memcached_behavior_set(client, MEMCACHED_BEHAVIOR_RETRY_TIMEOUT, 3600);
    for (unsigned i = 0, left = 100; left > 0; i++) {
        char key[32];
        size_t length = (size_t)snprintf(key, sizeof key, "probe:%u", i);
        if (memcached_generate_hash(client, key, length) == index) {
            size_t value_length;
            uint32_t flags;
            memcached_return_t rc;
            free(memcached_get(client, key, length, &value_length, &flags, &rc));
            if (memcached_generate_hash(client, key, length) != index) {
                return MEMCACHED_SUCCESS;
            }
            left--;
        }
    }
    return MEMCACHED_FAILURE;
}

static memcached_return_t answer(memcached_st *client) {
    static char line[MAX_KEY * 2 + 8];
    static char key[MAX_KEY];
    memcached_return_t rc = MEMCACHED_SUCCESS;
    while (rc == MEMCACHED_SUCCESS && fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "server ", 7) == 0) {
            rc = add_server(client, line);
            continue;
        }
        if (strncmp(line, "down ", 5) == 0) {
            rc = eject(client, line);
            continue;
        }
        int length = strncmp(line, "key ", 4) == 0 ? decode(line + 4, key) : -1;
        if (length < 0) {
            (void)fprintf(stderr, "neither a server nor a key: %s", line);
            return MEMCACHED_INVALID_ARGUMENTS;
        }
        (void)printf("%u\n", (unsigned)memcached_generate_hash(client, key, (size_t)length));
    }
    return rc;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        (void)fprintf(stderr, "usage: libmemcached weighted|consistent|spy|modula HASH < lines\n");
        return 2;
    }
    memcached_st *client = memcached_create(NULL);
    if (client == NULL) {
        return 1;
    }
    (void)printf("%s\n", memcached_lib_version());
    memcached_return_t rc = set_up(client, argv[1], argv[2]);
    if (rc == MEMCACHED_SUCCESS) {
        rc = answer(client);
    }
    if (rc != MEMCACHED_SUCCESS) {
        (void)fprintf(stderr, "libmemcached %s %s: %s\n", argv[1], argv[2], memcached_strerror(client, rc));
    }
    memcached_free(client);
    return rc == MEMCACHED_SUCCESS ? 0 : 1;
}
