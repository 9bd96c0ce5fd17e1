using System.Text.Json.Nodes;

namespace Comox.Gateway.Tests.Anthropic;

/// <summary>
/// Puts a stream together as Anthropic's own SDKs do (their rules, our code), and insists on the order of the protocol: one open block at a time,
/// blocks numbered without gaps, everything closed before the end, nothing after it.
/// </summary>
internal static class MessageFold
{
    public static JsonObject Of(string stream)
    {
        JsonObject? message = null;
        var content = new JsonArray();
        var input = "";
        int? open = null;
        var (ended, stopped) = (false, false);
        foreach (var data in Wire.Data(stream).Select(data => JsonNode.Parse(data)!.AsObject()))
        {
            Assert.False(stopped);
            switch ((string)data["type"]!)
            {
                case "message_start":
                    Assert.Null(message);
                    message = data["message"]!.DeepClone().AsObject();
                    Assert.Empty(message["content"]!.AsArray());
                    break;
                case "content_block_start":
                    Assert.Null(open);
                    Assert.False(ended);
                    Assert.Equal(content.Count, (int)data["index"]!);
                    open = content.Count;
                    content.Add(data["content_block"]!.DeepClone());
                    input = "";
                    break;
                case "content_block_delta":
                    Assert.Equal(open, (int)data["index"]!);
                    input = Add(content[open!.Value]!.AsObject(), data["delta"]!.AsObject(), input);
                    break;
                case "content_block_stop":
                    Assert.Equal(open, (int)data["index"]!);
                    if ((string)content[open!.Value]!["type"]! == "tool_use")
                        content[open.Value]!["input"] = JsonNode.Parse(input);
                    open = null;
                    break;
                case "message_delta":
                    Assert.Null(open);
                    ended = true;
                    foreach (var (name, value) in data["delta"]!.AsObject())
                        message![name] = value?.DeepClone();
                    foreach (var (name, value) in data["usage"]!.AsObject())
                        message!["usage"]![name] = value?.DeepClone();
                    break;
                case "message_stop":
                    Assert.True(ended);
                    stopped = true;
                    break;
            }
        }

        Assert.True(stopped);
        message!["content"] = content;
        return message;
    }

    private static string Add(JsonObject block, JsonObject delta, string input)
    {
        switch ((string)delta["type"]!)
        {
            case "text_delta":
                block["text"] = (string)block["text"]! + (string)delta["text"]!;
                break;
            case "thinking_delta":
                block["thinking"] = (string)block["thinking"]! + (string)delta["thinking"]!;
                break;
            case "signature_delta":
                block["signature"] = (string)delta["signature"]!;
                break;
            case "input_json_delta":
                return input + (string)delta["partial_json"]!;
            default:
                Assert.Fail($"There is no {delta["type"]}.");
                break;
        }

        return input;
    }
}
