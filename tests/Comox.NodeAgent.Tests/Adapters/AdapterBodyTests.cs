using System.Text;
using System.Text.Json.Nodes;
using Comox.NodeAgent.Adapters;
using FsCheck;
using FsCheck.Fluent;

namespace Comox.NodeAgent.Tests.Adapters;

/// <summary>The few bytes of a request that are ours.</summary>
public sealed class AdapterBodyTests
{
    private const string Choice = """[{"id":0,"scale":0}]""";

    [Theory]
    [InlineData("""{"model":"a","messages":[]}""", """{"lora":[{"id":0,"scale":0}],"model":"a","messages":[]}""")]
    [InlineData(""" { } """, """ {"lora":[{"id":0,"scale":0}] } """)]
    [InlineData("""{"lora":[{"id":0,"scale":1}],"model":"a"}""", """{"lora":[{"id":0,"scale":0}],"model":"a"}""")]
    [InlineData("""{"lora":null,"x":{"lora":7},"\u006cora":[]}""", """{"lora":[{"id":0,"scale":0}],"x":{"lora":7},"\u006cora":[{"id":0,"scale":0}]}""")]
    public void The_choice_is_ours_wherever_the_client_had_put_one_and_the_rest_stays_byte_for_byte(string body, string expected) =>
        Assert.Equal(expected, With(body));

    [Theory]
    [InlineData("""{"model":"a"}""", "a")]
    [InlineData("""{"x":{"model":"b"},"mod\u0065l":"\u0061da"}""", "ada")]
    [InlineData("""{"model":"a","model":"b"}""", "b")]
    [InlineData("""{"model":7}""", null)]
    public void The_model_is_found_as_a_parser_finds_it(string body, string? model) => Assert.Equal(model, AdapterBody.Read(Encoding.UTF8.GetBytes(body))!.Value.Model);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"model":"a" """)]
    [InlineData("""{"model":"\ud800"}""")]
    public void What_is_no_json_object_is_left_to_the_engine(string body) => Assert.Null(AdapterBody.Read(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Any_object_stays_the_same_but_for_the_choice() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.ArbFor<Dictionary<NonNull<string>, NonNull<string>>>(),
        members =>
        {
            var body = new JsonObject();
            foreach (var (name, value) in members.DistinctBy(member => member.Key.Get))
                body[name.Get] = new JsonObject { ["lora"] = value.Get };
            var made = JsonNode.Parse(With(body.ToJsonString()))!.AsObject();
            Assert.Equal(Choice, made["lora"]!.ToJsonString());
            made.Remove("lora");
            body.Remove("lora");
            Assert.True(JsonNode.DeepEquals(body, made));
        }));

    private static string With(string body) => Encoding.UTF8.GetString(AdapterBody.Read(Encoding.UTF8.GetBytes(body))!.Value.With(Encoding.UTF8.GetBytes(Choice)).Span);
}
