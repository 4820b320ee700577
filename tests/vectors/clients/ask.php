<?php
// Prints where a PHP client puts keys: `php ask.php predis` or `php -d memcache.hash_strategy=... ask.php memcache`.
//
// The lines that it reads and writes are those of golden_file.py. No server runs and nothing is connected.

ini_set('display_errors', 'stderr');
// Debian's Predis is older than its PHP, which says so in many notices.
error_reporting(E_ALL & ~E_DEPRECATED);

/** The version of Predis, and what tells a key's server as host:port. Weights are given where any is not 1. */
function predis(array $servers, array $down): array
{
    require_once 'Predis/autoload.php';
    $factory = new Predis\Connection\Factory();
    $cluster = new Predis\Connection\Aggregate\PredisCluster();
    $weighted = array_filter($servers, fn (array $server): bool => $server[2] !== 1) !== [];
    foreach ($servers as $place => [$host, $port, $weight]) {
        $parameters = ['scheme' => 'tcp', 'host' => $host, 'port' => $port];
        $connections[$place] = $factory->create($weighted ? $parameters + ['weight' => $weight] : $parameters);
        $cluster->add($connections[$place]);
    }
    foreach ($down as $place) {
        $cluster->remove($connections[$place]);
    }
    return [Predis\Client::VERSION, fn (string $key): string => (string) $cluster->getConnectionByKey($key)];
}

/** The same of the extension memcache, which is not asked about servers that are down: it hashes again, by its state. */
function memcache(array $servers, array $down): array
{
    $pool = new MemcachePool();
    foreach ($servers as [$host, $port, $weight]) {
        $pool->addServer($host, $port, 0, false, $weight);
    }
    return [phpversion('memcache'), fn (string $key): string => $pool->findServer($key)];
}

$clients = ['predis' => 'predis', 'memcache' => 'memcache'];
$servers = $places = $down = $keys = [];
foreach (file('php://stdin', FILE_IGNORE_NEW_LINES) as $line) {
    $fields = explode(' ', $line);
    if ($fields[0] === 'server') {
        $places["{$fields[1]}:{$fields[2]}"] = count($servers);
        $servers[] = [$fields[1], (int) $fields[2], (int) $fields[3]];
    } elseif ($fields[0] === 'down') {
        $down[] = (int) $fields[1];
    } elseif ($fields[0] === 'key') {
        $keys[] = hex2bin($fields[1]);
    } else {
        fwrite(STDERR, "neither a server nor a key: $line\n");
        exit(1);
    }
}
[$version, $server_of] = $clients[$argv[1]]($servers, $down);
echo "$version\n";
foreach ($keys as $key) {
    echo $places[$server_of($key)], "\n";
}
