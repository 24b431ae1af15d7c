import com.clarifai.channel.ClarifaiChannel;
import com.clarifai.credentials.ClarifaiCallCredentials;
import com.clarifai.grpc.api.*;
import com.clarifai.grpc.api.status.Status;
import com.clarifai.grpc.api.status.StatusCode;
import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.ManagedChannelBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;

/** What a user does by the official Java client; prints {@code ok NAME} or {@code failed NAME: WHY} for each check. */
public final class Checks {
  private static final String TARGET = env("LIMPID_TARGET");
  private static final ClarifaiCallCredentials KEY = new ClarifaiCallCredentials(env("LIMPID_PAT"));
  private static final UserAppIDSet MAIN = UserAppIDSet.newBuilder().setUserId("clarifai").setAppId("main").build();
  private static final UserAppIDSet APP = UserAppIDSet.newBuilder().setUserId("me").setAppId("by-java").build();
  private static final long DEADLINE_MS = 60_000;

  private final V2Grpc.V2BlockingStub client;
  private final ByteString photo;
  private final ByteString other;

  private interface Check {
    void run() throws Exception;
  }

  private Checks() throws Exception {
    Channel channel = ManagedChannelBuilder.forTarget(TARGET).usePlaintext()
        .maxInboundMessageSize(ClarifaiChannel.MAX_MESSAGE_LENGTH).build();
    client = V2Grpc.newBlockingStub(channel).withCallCredentials(KEY);
    photo = ByteString.copyFrom(Files.readAllBytes(Path.of(env("LIMPID_PHOTO"))));
    other = ByteString.copyFrom(Files.readAllBytes(Path.of(env("LIMPID_OTHER_PHOTO"))));
  }

  public static void main(String[] args) throws Exception {
    Checks checks = new Checks();
    check("an app is made once", checks::makesAnApp);
    check("a model tells what it sees", checks::predictsWithAModel);
    check("a workflow tells what each node gives", checks::predictsWithAWorkflow);
    check("streams answer", checks::streams);
    check("inputs are posted, processed, read, patched", checks::posts);
    check("annotations are posted and listed", checks::annotates);
    check("inputs are found by likeness and by concept", checks::searches);
    check("what goes wrong travels in the answer", checks::tellsWhatIsWrong);
    check("a model answers over TLS", checks::overTls);
    check("inputs and the app are deleted", checks::deletes);
    System.exit(0);
  }

  private void makesAnApp() {
    Workflow general = Workflow.newBuilder().setId("General").setUserId("clarifai").setAppId("main").build();
    PostAppsRequest request = PostAppsRequest.newBuilder()
        .setUserAppId(UserAppIDSet.newBuilder().setUserId("me"))
        .addApps(App.newBuilder().setId("by-java").setDefaultWorkflow(general))
        .build();
    succeeded(client.postApps(request).getStatus());
    Status again = client.postApps(request).getStatus();
    same(true, again.getDetails().contains("already exists"));
  }

  private PostModelOutputsRequest outputsRequest() {
    return PostModelOutputsRequest.newBuilder().setUserAppId(MAIN).setModelId("general-image-recognition")
        .addInputs(picture(photo)).build();
  }

  private void predictsWithAModel() {
    MultiOutputResponse answer = client.postModelOutputs(outputsRequest());
    succeeded(answer.getStatus());
    same("person", answer.getOutputs(0).getData().getConcepts(0).getName());
  }

  private void predictsWithAWorkflow() {
    PostWorkflowResultsResponse answer = client.postWorkflowResults(PostWorkflowResultsRequest.newBuilder()
        .setUserAppId(APP).setWorkflowId("General").addInputs(picture(photo)).addInputs(picture(other)).build());
    succeeded(answer.getStatus());
    same(2, answer.getResultsCount());
    Output recognised = answer.getResults(0).getOutputsList().stream()
        .filter(output -> output.getData().getConceptsCount() > 0).findFirst().orElseThrow();
    same("person", recognised.getData().getConcepts(0).getName());
    Output embedded = answer.getResults(0).getOutputsList().stream()
        .filter(output -> output.getData().getEmbeddingsCount() > 0).findFirst().orElseThrow();
    same(embedded.getData().getEmbeddings(0).getNumDimensions(), embedded.getData().getEmbeddings(0).getVectorCount());
  }

  private void streams() {
    List<StatusCode> codes = new ArrayList<>();
    Iterator<MultiOutputResponse> answers = client.generateModelOutputs(outputsRequest());
    answers.forEachRemaining(answer -> codes.add(answer.getStatus().getCode()));
    same(List.of(StatusCode.SUCCESS), codes);
  }

  private void posts() throws Exception {
    Input labelled = picture(photo).toBuilder().setId("man").build();
    Data data = labelled.getData().toBuilder().addConcepts(concept("man"))
        .setGeo(Geo.newBuilder().setGeoPoint(GeoPoint.newBuilder().setLongitude(2.25f).setLatitude(48.5f))).build();
    MultiInputResponse posted = client.postInputs(PostInputsRequest.newBuilder().setUserAppId(APP)
        .addInputs(labelled.toBuilder().setData(data))
        .addInputs(picture(other).toBuilder().setId("platform")).build());
    succeeded(posted.getStatus());
    Input man = processed("man");
    same(StatusCode.INPUT_DOWNLOAD_SUCCESS_VALUE, man.getStatus().getCodeValue());
    same(48.5f, man.getData().getGeo().getGeoPoint().getLatitude());
    same(StatusCode.INPUT_DOWNLOAD_SUCCESS_VALUE, processed("platform").getStatus().getCodeValue());
    MultiInputResponse patched = client.patchInputs(PatchInputsRequest.newBuilder().setUserAppId(APP).setAction("merge")
        .addInputs(Input.newBuilder().setId("man").setData(Data.newBuilder().addConcepts(concept("outside")))).build());
    succeeded(patched.getStatus());
    same(List.of("man", "outside"), names(processed("man").getData().getConceptsList()));
    same(List.of("man"), client.listInputs(ListInputsRequest.newBuilder().setUserAppId(APP).addIds("man").addIds("none")
        .setPage(1).setPerPage(10).build()).getInputsList().stream().map(Input::getId).collect(Collectors.toList()));
  }

  private void annotates() {
    BoundingBox box = BoundingBox.newBuilder().setTopRow(0.25f).setLeftCol(0.125f).setBottomRow(0.75f).setRightCol(0.5f).build();
    Region region = Region.newBuilder().setRegionInfo(RegionInfo.newBuilder().setBoundingBox(box))
        .setData(Data.newBuilder().addConcepts(concept("dog"))).build();
    succeeded(client.postAnnotations(PostAnnotationsRequest.newBuilder().setUserAppId(APP)
        .addAnnotations(Annotation.newBuilder().setId("box").setInputId("man").setData(Data.newBuilder().addRegions(region)))
        .build()).getStatus());
    Annotation found = client.listAnnotations(ListAnnotationsRequest.newBuilder().setUserAppId(APP).addInputIds("man")
        .setPage(1).setPerPage(10).build()).getAnnotationsList().stream()
        .filter(one -> one.getId().equals("box")).findFirst().orElseThrow();
    same(box, found.getData().getRegions(0).getRegionInfo().getBoundingBox());
  }

  private void searches() {
    Rank likeness = Rank.newBuilder().setAnnotation(Annotation.newBuilder().setData(picture(other).getData())).build();
    List<Hit> hits = search(Query.newBuilder().addRanks(likeness).build());
    same(List.of("platform", "man"), ids(hits));
    same(true, hits.get(0).getScore() > 0.99);
    Data dog = Data.newBuilder().addConcepts(concept("dog")).build();
    Filter labelled = Filter.newBuilder().setAnnotation(Annotation.newBuilder().setData(dog)).build();
    same(List.of("man"), ids(search(Query.newBuilder().addFilters(labelled).build())));
  }

  private List<Hit> search(Query query) {
    MultiSearchResponse answer = client.postInputsSearches(PostInputsSearchesRequest.newBuilder().setUserAppId(APP)
        .addSearches(Search.newBuilder().setQuery(query)).setPagination(Pagination.newBuilder().setPage(1).setPerPage(10)).build());
    succeeded(answer.getStatus());
    return answer.getHitsList();
  }

  private void tellsWhatIsWrong() {
    ListModelsRequest models = ListModelsRequest.newBuilder().setUserAppId(MAIN).build();
    Status refused = client.withCallCredentials(new ClarifaiCallCredentials("nobody")).listModels(models).getStatus();
    same(StatusCode.CONN_KEY_INVALID, refused.getCode());
    Status missing = client.getModel(GetModelRequest.newBuilder().setUserAppId(MAIN).setModelId("nothing").build()).getStatus();
    same("Model does not exist", missing.getDescription());
    Input noPicture = picture(ByteString.copyFromUtf8("no picture"));
    MultiOutputResponse failed = client.postModelOutputs(outputsRequest().toBuilder().clearInputs().addInputs(noPicture).build());
    same(StatusCode.FAILURE, failed.getStatus().getCode());
    MultiOutputResponse mixed = client.postModelOutputs(outputsRequest().toBuilder().addInputs(noPicture).build());
    same(StatusCode.MIXED_STATUS, mixed.getStatus().getCode());
    same(StatusCode.SUCCESS, mixed.getOutputs(0).getStatus().getCode());
  }

  private void overTls() {
    // What ClarifaiChannel does, but for the port, which it holds to be 443.
    Channel channel = ManagedChannelBuilder.forTarget(TARGET).build();
    succeeded(V2Grpc.newBlockingStub(channel).withCallCredentials(KEY).postModelOutputs(outputsRequest()).getStatus());
  }

  private void deletes() {
    succeeded(client.deleteInputs(DeleteInputsRequest.newBuilder().setUserAppId(APP).addIds("man").build()).getStatus());
    succeeded(client.deleteApp(DeleteAppRequest.newBuilder().setUserAppId(APP).build()).getStatus());
    Status gone = client.getApp(GetAppRequest.newBuilder().setUserAppId(APP).build()).getStatus();
    same(StatusCode.CONN_DOES_NOT_EXIST, gone.getCode());
  }

  /** The input once the server has looked at it. */
  private Input processed(String id) throws InterruptedException {
    long end = System.currentTimeMillis() + DEADLINE_MS;
    while (true) {
      Input input = client.getInput(GetInputRequest.newBuilder().setUserAppId(APP).setInputId(id).build()).getInput();
      int code = input.getStatus().getCodeValue();
      if (code != StatusCode.INPUT_DOWNLOAD_PENDING_VALUE && code != StatusCode.INPUT_DOWNLOAD_IN_PROGRESS_VALUE) return input;
      if (System.currentTimeMillis() > end) throw new IllegalStateException(id + " is still " + input.getStatus());
      Thread.sleep(50);
    }
  }

  private static Input picture(ByteString bytes) {
    return Input.newBuilder().setData(Data.newBuilder().setImage(Image.newBuilder().setBase64(bytes))).build();
  }

  private static Concept concept(String id) {
    return Concept.newBuilder().setId(id).setValue(1).build();
  }

  private static List<String> names(List<Concept> concepts) {
    return concepts.stream().map(Concept::getName).collect(Collectors.toList());
  }

  private static List<String> ids(List<Hit> hits) {
    return hits.stream().map(hit -> hit.getInput().getId()).collect(Collectors.toList());
  }

  private static void succeeded(Status status) {
    if (status.getCode() != StatusCode.SUCCESS) throw new IllegalStateException(status.toString());
  }

  private static void same(Object expected, Object actual) {
    if (!expected.equals(actual)) throw new IllegalStateException("expected " + expected + ", got " + actual);
  }

  private static String env(String name) {
    String value = System.getenv(name);
    if (value == null) throw new IllegalStateException(name + " is not set");
    return value;
  }

  private static void check(String name, Check check) {
    try {
      check.run();
      System.out.println("ok " + name);
    } catch (Exception error) {
      System.out.println("failed " + name + ": " + error.toString().replace('\n', ' '));
    }
  }
}
