// EXIficient, out of the jar that the PyPI package iso15118 carries, as a line by line converter.
//   java -cp EXICodec.jar Judge.java SCHEMA.xsd document|fragment
// Input lines: "E" + base64 of XML, or "D" + hexadecimal EXI. Output lines: hexadecimal EXI, base64 of XML, or "! message".
// Options of V2G: defaults (not strict), bit-packed, no value partitions.

import com.siemens.ct.exi.core.EXIFactory;
import com.siemens.ct.exi.core.helpers.DefaultEXIFactory;
import com.siemens.ct.exi.grammars.GrammarFactory;
import com.siemens.ct.exi.main.api.sax.EXIResult;
import com.siemens.ct.exi.main.api.sax.EXISource;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import javax.xml.parsers.SAXParserFactory;
import javax.xml.transform.*;
import javax.xml.transform.stream.StreamResult;
import org.apache.xerces.xni.parser.XMLInputSource;
import org.xml.sax.InputSource;
import org.xml.sax.XMLReader;

public class Judge {
  public static void main(String[] arguments) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err);
    EXIFactory factory = DefaultEXIFactory.newInstance();
    // The schemas import by relative path; what they would fetch from the web (a DTD) is answered with nothing.
    factory.setGrammars(GrammarFactory.newInstance().createGrammars(arguments[0], id -> {
      String where = id.getExpandedSystemId();
      return where == null || !where.startsWith("http") ? null
          : new XMLInputSource(id.getPublicId(), where, where, new StringReader(""), "UTF-8");
    }));
    factory.setFragment(arguments[1].equals("fragment"));
    factory.setValueMaxLength(0);
    factory.setValuePartitionCapacity(0);

    SAXParserFactory parsers = SAXParserFactory.newInstance();
    parsers.setNamespaceAware(true);
    XMLReader reader = parsers.newSAXParser().getXMLReader();
    TransformerFactory transformers = TransformerFactory.newInstance();

    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String answer;
      try {
        ByteArrayOutputStream result = new ByteArrayOutputStream();
        if (line.charAt(0) == 'E') {
          EXIResult sink = new EXIResult(factory);
          sink.setOutputStream(result);
          reader.setContentHandler(sink.getHandler());
          reader.parse(new InputSource(new ByteArrayInputStream(Base64.getDecoder().decode(line.substring(1)))));
          answer = HexFormat.of().formatHex(result.toByteArray());
        } else {
          EXISource source = new EXISource(factory);
          source.setInputSource(new InputSource(new ByteArrayInputStream(HexFormat.of().parseHex(line.substring(1)))));
          Transformer transformer = transformers.newTransformer();
          transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
          transformer.transform(source, new StreamResult(result));
          answer = Base64.getEncoder().encodeToString(result.toByteArray());
        }
      } catch (Exception | StackOverflowError failure) {
        answer = "! " + String.valueOf(failure).replaceAll("\\s+", " ");
      }
      answers.println(answer);
      answers.flush();
    }
  }
}
