// Prints where spymemcached puts keys: `java -cp .:spymemcached.jar AskSpymemcached ketama|modulo`. The first line that it
// writes is Java's version.
//
// The lines that it reads and writes are those of golden_file.py. Nodes are made by the client's own factory and asked
// through its own locator; none is connected.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import net.spy.memcached.ArrayModNodeLocator;
import net.spy.memcached.DefaultConnectionFactory;
import net.spy.memcached.DefaultHashAlgorithm;
import net.spy.memcached.KetamaNodeLocator;
import net.spy.memcached.MemcachedNode;
import net.spy.memcached.NodeLocator;
import net.spy.memcached.util.DefaultKetamaNodeLocatorConfiguration;

public final class AskSpymemcached {
  private static final int BUFFER_BYTES = 1024;

  private final List<MemcachedNode> nodes = new ArrayList<>();
  private final Map<SocketAddress, Integer> places = new HashMap<>();
  private final Map<InetSocketAddress, Integer> weights = new HashMap<>();
  private final List<String> keys = new ArrayList<>();

  private void read() throws IOException {
    var factory = new DefaultConnectionFactory();
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] fields = line.split(" ");
      if (fields[0].equals("server")) {
        var address = new InetSocketAddress(fields[1], Integer.parseInt(fields[2]));
        places.put(address, nodes.size());
        weights.put(address, Integer.valueOf(fields[3]));
        nodes.add(factory.createMemcachedNode(address, SocketChannel.open(), BUFFER_BYTES));
      } else if (fields[0].equals("key")) {
        keys.add(new String(HexFormat.of().parseHex(fields[1]), StandardCharsets.UTF_8));
      } else {
        throw new IOException("neither a server nor a key: " + line);
      }
    }
  }

  // Weights are given to the client only where some differ from 1: it counts points otherwise when it has any.
  private NodeLocator locator(String kind) {
    if (kind.equals("modulo")) {
      return new ArrayModNodeLocator(nodes, DefaultHashAlgorithm.NATIVE_HASH);
    }
    if (weights.values().stream().allMatch(weight -> weight == 1)) {
      return new KetamaNodeLocator(nodes, DefaultHashAlgorithm.KETAMA_HASH);
    }
    var configuration = new DefaultKetamaNodeLocatorConfiguration();
    return new KetamaNodeLocator(nodes, DefaultHashAlgorithm.KETAMA_HASH, weights, configuration);
  }

  public static void main(String[] arguments) throws IOException {
    var ask = new AskSpymemcached();
    ask.read();
    NodeLocator locator = ask.locator(arguments[0]);
    var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    out.println(System.getProperty("java.version"));
    for (String key : ask.keys) {
      out.println(ask.places.get(locator.getPrimary(key).getSocketAddress()));
    }
    out.flush();
    for (MemcachedNode node : ask.nodes) {
      node.getChannel().close();
    }
  }
}
