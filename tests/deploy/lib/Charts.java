// Renders a chart with Helm itself, once for each file of values, and lints it.
//
//   java -cp 'JARS/*' Charts.java CHART OUT NAME=VALUES…
//
// Writes OUT/NAME.yaml, or OUT/NAME.error when Helm refuses, and OUT/lint for the first.

import com.marcnuri.helm.Helm;
import java.nio.file.Files;
import java.nio.file.Path;

class Charts {
  public static void main(String[] args) throws Exception {
    Path chart = Path.of(args[0]).toAbsolutePath();
    Path out = Path.of(args[1]);
    for (int at = 2; at < args.length; at++) {
      String[] of = args[at].split("=", 2);
      Path values = Path.of(of[1]).toAbsolutePath();
      try {
        String rendered =
            new Helm(chart)
                .template()
                .withName("shop")
                .withNamespace("shop")
                .withKubeVersion("1.34.0")
                .withValuesFile(values)
                .call();
        Files.writeString(out.resolve(of[0] + ".yaml"), rendered);
      } catch (RuntimeException refused) {
        Files.writeString(out.resolve(of[0] + ".error"), String.valueOf(refused.getMessage()));
      }
    }
    var lint = new Helm(chart).lint().strict().call();
    Files.writeString(
        out.resolve("lint"), lint.isFailed() + "\n" + String.join("\n", lint.getMessages()));
  }
}
