import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One Elasticsearch node on loopback: {@code ElasticsearchServer PROGRAM DATA PORT}.
 *
 * <p>It stops on SIGTERM, and when its standard input ends: when the last process that holds the other side is gone.
 */
public class ElasticsearchServer {
  public static void main(String[] arguments) throws Exception {
    Settings settings = settings(arguments[0], arguments[1], arguments[2]);
    LogConfigurator.registerErrorListener();
    LogConfigurator.configureESLogging();
    LogConfigurator.configureWithoutConfig(settings);
    Path configuration = Path.of(arguments[0], "config");
    Environment environment =
        InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), configuration, () -> "test");
    PluginsLoader plugins =
        PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(environment.modulesDir()),
            PluginsLoader.loadPluginsBundles(environment.pluginsDir()),
            Map.of(),
            false);
    Node node = new Node(environment, plugins);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
    node.start();
    awaitEndOfInput();
    System.exit(0);
  }

  private static Settings settings(String program, String data, String port) {
    return Settings.builder()
        .put("path.home", program)
        .put("path.data", data)
        .put("path.logs", Path.of(data, "logs").toString())
        .put("cluster.name", "headrace-test")
        .put("node.name", "test")
        .put("discovery.type", "single-node")
        .put("http.host", "127.0.0.1")
        .put("http.port", port)
        .put("transport.host", "127.0.0.1")
        .put("transport.port", "0")
        // A disk that is nearly full stops no test.
        .put("cluster.routing.allocation.disk.threshold_enabled", false)
        .build();
  }

  private static void awaitEndOfInput() throws IOException {
    while (System.in.read() >= 0) {
      // Nothing is ever said there.
    }
  }

  private static void close(Node node) {
    try {
      node.close();
    } catch (IOException error) {
      error.printStackTrace();
    }
  }
}
