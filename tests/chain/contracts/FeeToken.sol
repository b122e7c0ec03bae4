// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Looks like a plain token, and keeps a hundredth of every transfer.
contract FeeToken {
    uint8 public constant decimals = 18;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 value);

    function transfer(address target, uint256 amount) external returns (bool) {
        uint256 kept = amount / 100;
        balanceOf[msg.sender] -= amount;
        balanceOf[target] += amount - kept;
        emit Transfer(msg.sender, target, amount);
        return true;
    }
}
